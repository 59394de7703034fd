#include "agent/demo/cgi_server.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <mutex>
#include <optional>
#include <string_view>

#include "agent/demo/http_wire.hpp"

namespace gitopsctl::agent::demo {
namespace {

constexpr std::size_t max_cgi_head_bytes = 64U << 10U;

/// A file descriptor that is closed once.
class File {
 public:
  explicit File(int file = -1) : file_(file) {}
  ~File() { reset(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  void reset() {
    if (file_ >= 0) close(file_);
    file_ = -1;
  }
  void set(int file) { file_ = file; }
  [[nodiscard]] int get() const { return file_; }

 private:
  int file_;
};

struct Request {
  WireHead head;
  std::string method;
  std::string path;
  std::string query;
  std::string body;
  bool cut = false;  ///< the connection ended before the body did
};

std::string base64(std::string_view bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = (group << 8U) | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) {
      out += i + k > bytes.size() ? '=' : digits[(group >> (18U - 6U * static_cast<unsigned>(k))) & 63U];
    }
  }
  return out;
}

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
      out += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool take_apart(Request& request) {
  const std::string& line = request.head.first_line;
  const auto first = line.find(' ');
  const auto second = line.find(' ', first + 1);
  if (first == std::string::npos || second == std::string::npos) return false;
  request.method = line.substr(0, first);
  const std::string target = line.substr(first + 1, second - first - 1);
  const auto question = target.find('?');
  request.path = percent_decode(std::string_view(target).substr(0, question));
  request.query = question == std::string::npos ? "" : target.substr(question + 1);
  return request.path.starts_with('/') && request.path.find("..") == std::string::npos &&
         request.path.find('\0') == std::string::npos;
}

std::string plain_answer(std::string_view status, std::string_view more_headers = {}) {
  return "HTTP/1.1 " + std::string(status) + "\r\nContent-Length: 0\r\n" + std::string(more_headers) + "\r\n";
}

std::vector<std::string> environment_of(const CgiOptions& options, const Request& request) {
  std::vector<std::string> out = options.environment;
  const auto add = [&out](std::string_view name, std::string_view value) {
    out.push_back(std::string(name) + "=" + std::string(value));
  };
  add("GATEWAY_INTERFACE", "CGI/1.1");
  add("SERVER_PROTOCOL", "HTTP/1.1");
  add("REQUEST_METHOD", request.method);
  add("PATH_INFO", request.path);
  add("QUERY_STRING", request.query);
  add("CONTENT_TYPE", request.head.header("content-type"));
  add("CONTENT_LENGTH", std::to_string(request.body.size()));
  add("REMOTE_ADDR", "127.0.0.1");
  if (!options.username.empty()) add("REMOTE_USER", options.username);
  for (const auto& [name, value] : request.head.headers) {
    // Authorization stays out, as RFC 3875 says; the transfer's own headers mean nothing to the program.
    if (name == "authorization" || name == "transfer-encoding" || name == "connection") continue;
    if (std::ranges::find(options.dropped_headers, name) != options.dropped_headers.end()) continue;
    std::string upper = "HTTP_";
    for (const char c : name) upper += c == '-' ? '_' : (c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
    add(upper, value);
    if (name == "git-protocol") add("GIT_PROTOCOL", value);
  }
  return out;
}

/// The running program with the ends of its pipes.
class Program {
 public:
  Program(const std::string& path, const std::vector<std::string>& environment) {
    std::array<int, 2> in{-1, -1};
    std::array<int, 2> out{-1, -1};
    if (pipe2(in.data(), O_CLOEXEC) != 0) return;
    File child_in(in[0]);
    input.set(in[1]);
    if (pipe2(out.data(), O_CLOEXEC) != 0) return;
    output.set(out[0]);
    File child_out(out[1]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, child_in.get(), 0);
    posix_spawn_file_actions_adddup2(&actions, child_out.get(), 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    std::vector<char*> variables;
    variables.reserve(environment.size() + 1);
    for (const auto& line : environment) variables.push_back(const_cast<char*>(line.c_str()));
    variables.push_back(nullptr);
    std::array<char*, 2> arguments{const_cast<char*>(path.c_str()), nullptr};
    if (posix_spawn(&pid, path.c_str(), &actions, nullptr, arguments.data(), variables.data()) != 0) pid = -1;
    posix_spawn_file_actions_destroy(&actions);
    fcntl(input.get(), F_SETFL, O_NONBLOCK);
  }
  ~Program() {
    if (pid <= 0) return;
    input.reset();
    output.reset();
    if (!ended_well) kill(pid, SIGTERM);
    while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  File input;
  File output;
  pid_t pid = -1;
  bool ended_well = false;
};

/// Turns what the program writes into an answer.
class Answer {
 public:
  explicit Answer(Wire& wire) : wire_(wire) {}
  bool take(std::string_view piece) {
    if (head_sent_) return chunk(piece);
    pending_ += piece;
    auto end = pending_.find("\r\n\r\n");
    std::size_t skip = 4;
    if (end == std::string::npos) {
      end = pending_.find("\n\n");
      skip = 2;
    }
    if (end == std::string::npos) return pending_.size() <= max_cgi_head_bytes;
    if (!send_head(std::string_view(pending_).substr(0, end))) return false;
    return chunk(std::string_view(pending_).substr(end + skip));
  }
  bool finish() { return head_sent_ ? wire_.write("0\r\n\r\n") : wire_.write(plain_answer("502 Bad Gateway")); }

 private:
  bool send_head(std::string_view head) {
    std::string status = "200 OK";
    std::string lines;
    while (!head.empty()) {
      const auto end = head.find('\n');
      std::string_view line = head.substr(0, end);
      head = end == std::string_view::npos ? std::string_view() : head.substr(end + 1);
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.starts_with("Status: ")) {
        status = line.substr(8);
      } else if (!line.starts_with("Content-Length:")) {
        lines += std::string(line) + "\r\n";
      }
    }
    head_sent_ = true;
    return wire_.write("HTTP/1.1 " + status + "\r\n" + lines + "Transfer-Encoding: chunked\r\n\r\n");
  }
  bool chunk(std::string_view piece) {
    if (piece.empty()) return true;
    std::array<char, 20> size{};
    std::snprintf(size.data(), size.size(), "%zx\r\n", piece.size());
    return wire_.write(std::string(size.data()) + std::string(piece) + "\r\n");
  }

  Wire& wire_;
  std::string pending_;
  bool head_sent_ = false;
};

/// Feeds the program and passes on what it writes; false when the connection is gone.
bool run(Program& program, const Request& request, Wire& wire) {
  Answer answer(wire);
  std::string_view rest = request.body;
  if (rest.empty()) program.input.reset();
  std::array<char, 32768> piece{};
  for (;;) {
    std::array<pollfd, 2> files{pollfd{program.output.get(), POLLIN, 0}, pollfd{program.input.get(), POLLOUT, 0}};
    if (poll(files.data(), program.input.get() >= 0 ? 2 : 1, -1) < 0 && errno != EINTR) return false;
    if (program.input.get() >= 0 && files[1].revents != 0) {
      const auto wrote = write(program.input.get(), rest.data(), rest.size());
      if (wrote > 0) rest.remove_prefix(static_cast<std::size_t>(wrote));
      if (rest.empty() || (wrote < 0 && errno != EAGAIN && errno != EINTR)) program.input.reset();
    }
    if (files[0].revents == 0) continue;
    const auto got = read(program.output.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      program.ended_well = got == 0;
      return !request.cut && answer.finish();
    }
    if (request.cut) continue;  // nobody is there to hear it
    if (!answer.take(std::string_view(piece.data(), static_cast<std::size_t>(got)))) return false;
  }
}

}  // namespace

struct CgiServer::State {
  explicit State(CgiOptions given) : options(std::move(given)) {
    // A program that ends before it has read its input must not end us.
    signal(SIGPIPE, SIG_IGN);
    if (!options.username.empty()) authorization = "Basic " + base64(options.username + ":" + options.password);
    server.emplace(options.port, options.certificate_pem, options.key_pem, [this](Wire& wire) { serve(wire); });
  }

  void serve(Wire& wire) {
    for (Request request; wire.read_head(request.head);) {
      if (request.head.header("expect") == "100-continue" && !wire.write("HTTP/1.1 100 Continue\r\n\r\n")) return;
      const bool whole = wire.read_body(request.head, request.body, options.max_body_bytes);
      request.cut = !whole && options.pass_on_cut_bodies;
      if (!take_apart(request) || (!whole && !request.cut)) {
        (void)wire.write(plain_answer("400 Bad Request", "Connection: close\r\n"));
        return;
      }
      if (!is_authorized(request)) {
        if (!wire.write(plain_answer("401 Unauthorized", "WWW-Authenticate: Basic realm=\"git\"\r\n"))) return;
        continue;
      }
      if (!run_program(request, wire) || request.head.header("connection") == "close") return;
      if (!request.cut) continue;
      const std::lock_guard lock(mutex);
      cut_requests.push_back(request.path);
      return;
    }
  }

  [[nodiscard]] bool is_authorized(const Request& request) const {
    const std::string given(request.head.header("authorization"));
    if (options.accepts) return options.accepts(given);
    return authorization.empty() || given == authorization;
  }

  /// False when the connection is gone; the program has ended by then.
  bool run_program(const Request& request, Wire& wire) const {
    Program program(options.program, environment_of(options, request));
    if (program.pid <= 0) return wire.write(plain_answer("500 Internal Server Error"));
    return run(program, request, wire) || request.cut;
  }

  CgiOptions options;
  std::mutex mutex;
  std::vector<std::string> cut_requests;
  std::string authorization;
  std::optional<WireServer> server;
};

CgiServer::CgiServer(CgiOptions options) : state_(std::make_unique<State>(std::move(options))) {}
CgiServer::~CgiServer() = default;
std::uint16_t CgiServer::port() const noexcept { return state_->server->port(); }
std::string CgiServer::url() const {
  return std::string(state_->options.certificate_pem.empty() ? "http" : "https") + "://127.0.0.1:" + std::to_string(port());
}

std::vector<std::string> CgiServer::cut_requests() const {
  const std::lock_guard lock(state_->mutex);
  return state_->cut_requests;
}

}  // namespace gitopsctl::agent::demo
