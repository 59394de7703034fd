#include "agent/demo/http_wire.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

namespace gitopsctl::agent::demo {
namespace {

constexpr std::size_t max_head_bytes = 64U << 10U;
constexpr std::size_t max_line_bytes = 16U << 10U;
constexpr std::size_t max_piece_bytes = 64U << 20U;
constexpr std::size_t max_connections = 128;
constexpr int timeout_seconds = 60;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view trim(std::string_view text) {
  const auto from = text.find_first_not_of(" \t\r\n");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

ssl_ctx_st* make_tls(const std::string& certificate_pem, const std::string& key_pem) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  BIO* certificate_bio = BIO_new_mem_buf(certificate_pem.data(), static_cast<int>(certificate_pem.size()));
  BIO* key_bio = BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size()));
  X509* certificate = PEM_read_bio_X509(certificate_bio, nullptr, nullptr, nullptr);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(key_bio, nullptr, nullptr, nullptr);
  const bool good = context != nullptr && certificate != nullptr && key != nullptr &&
                    SSL_CTX_use_certificate(context, certificate) == 1 && SSL_CTX_use_PrivateKey(context, key) == 1;
  X509_free(certificate);
  EVP_PKEY_free(key);
  BIO_free(certificate_bio);
  BIO_free(key_bio);
  if (good) return context;
  SSL_CTX_free(context);
  throw std::runtime_error("the server's certificate or key is not usable");
}

}  // namespace

std::string_view WireHead::header(std::string_view lower_case_name) const noexcept {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) return value;
  }
  return {};
}

Wire::Wire(int socket, ssl_ctx_st* tls, int timeout) : socket_(socket) {
  const timeval limit{timeout, 0};
  const int one = 1;
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (tls != nullptr) {
    tls_ = SSL_new(tls);
    SSL_set_fd(tls_, socket_);
  }
}

Wire::~Wire() {
  if (tls_ != nullptr) {
    SSL_shutdown(tls_);
    SSL_free(tls_);
  }
  close(socket_);
}

bool Wire::accept() { return tls_ == nullptr || SSL_accept(tls_) == 1; }

bool Wire::connect() { return tls_ == nullptr || SSL_connect(tls_) == 1; }

void Wire::interrupt() const noexcept { shutdown(socket_, SHUT_RDWR); }

bool Wire::fill() {
  std::array<char, 16384> piece{};
  if (tls_ != nullptr) {
    const int got = SSL_read(tls_, piece.data(), static_cast<int>(piece.size()));
    if (got <= 0) return false;
    buffer_.append(piece.data(), static_cast<std::size_t>(got));
    return true;
  }
  for (;;) {
    const auto got = recv(socket_, piece.data(), piece.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    buffer_.append(piece.data(), static_cast<std::size_t>(got));
    return true;
  }
}

bool Wire::write(std::string_view bytes) {
  while (!bytes.empty()) {
    std::size_t wrote = 0;
    if (tls_ != nullptr) {
      const int count = SSL_write(tls_, bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), 1U << 20U)));
      if (count <= 0) return false;
      wrote = static_cast<std::size_t>(count);
    } else {
      const auto count = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return false;
      wrote = static_cast<std::size_t>(count);
    }
    bytes.remove_prefix(wrote);
  }
  return true;
}

bool Wire::read_line(std::string& line, std::size_t max_bytes) {
  for (;;) {
    if (const auto end = buffer_.find('\n'); end != std::string::npos) {
      line = buffer_.substr(0, end);
      if (line.ends_with('\r')) line.pop_back();
      buffer_.erase(0, end + 1);
      return true;
    }
    if (buffer_.size() > max_bytes || !fill()) return false;
  }
}

bool Wire::read_head(WireHead& head) {
  head = {};
  if (!read_line(head.first_line, max_line_bytes) || head.first_line.empty()) return false;
  std::size_t total = 0;
  for (std::string line; read_line(line, max_line_bytes);) {
    if (line.empty()) return true;
    total += line.size();
    const auto colon = line.find(':');
    if (total > max_head_bytes || colon == std::string::npos) return false;
    head.headers.emplace_back(lower(trim(std::string_view(line).substr(0, colon))),
                              trim(std::string_view(line).substr(colon + 1)));
  }
  return false;
}

bool Wire::read_exactly(std::string& body, std::size_t size) {
  while (buffer_.size() < size) {
    if (fill()) continue;
    body += buffer_;
    buffer_.clear();
    return false;
  }
  body.append(buffer_, 0, size);
  buffer_.erase(0, size);
  return true;
}

bool Wire::read_body(const WireHead& head, std::string& body, std::size_t max_bytes) {
  body.clear();
  if (lower(head.header("transfer-encoding")) == "chunked") {
    for (std::string line; read_line(line, max_line_bytes);) {
      const auto size = std::strtoull(line.c_str(), nullptr, 16);
      if (body.size() + size > max_bytes) return false;
      if (size > 0 && !read_exactly(body, size)) return false;
      if (!read_line(line, max_line_bytes)) return false;  // after the chunk, or after the last one
      if (size == 0) return true;
    }
    return false;
  }
  const auto length = head.header("content-length");
  if (length.empty()) return true;
  const auto size = std::strtoull(std::string(length).c_str(), nullptr, 10);
  return size <= max_bytes && read_exactly(body, size);
}

bool Wire::pass_body(const WireHead& head, const std::function<bool(std::string_view)>& take) {
  std::string piece;
  if (lower(head.header("transfer-encoding")) == "chunked") {
    for (std::string line; read_line(line, max_line_bytes); piece.clear()) {
      const auto size = std::strtoull(line.c_str(), nullptr, 16);
      if (size > max_piece_bytes || (size > 0 && !read_exactly(piece, size)) || !read_line(line, max_line_bytes))
        return false;
      if (size == 0) return true;
      if (!take(piece)) return false;
    }
    return false;
  }
  auto left = std::strtoull(std::string(head.header("content-length")).c_str(), nullptr, 10);
  while (left > 0) {
    if (buffer_.empty() && !fill()) return false;
    piece.clear();
    const auto size = std::min<unsigned long long>(left, buffer_.size());
    if (!read_exactly(piece, size) || !take(piece)) return false;
    left -= size;
  }
  return true;
}

bool Wire::read_rest(std::string& body, std::size_t max_bytes) {
  while (buffer_.size() <= max_bytes) {
    if (!fill()) {
      body = std::move(buffer_);
      buffer_.clear();
      return true;
    }
  }
  return false;
}

int connect_loopback(std::uint16_t port) {
  const int file = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  if (file >= 0 && ::connect(file, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return file;
  if (file >= 0) close(file);
  return -1;
}

struct WireServer::Worker {
  std::unique_ptr<Wire> wire;
  std::atomic<bool> done{false};
  std::thread thread;
};

WireServer::WireServer(std::uint16_t port, const std::string& certificate_pem, const std::string& key_pem, Serve serve)
    : serve_(std::move(serve)) {
  // OpenSSL writes with write(2), which raises SIGPIPE when the other side is gone.
  if (!certificate_pem.empty()) {
    std::signal(SIGPIPE, SIG_IGN);
    tls_ = make_tls(certificate_pem, key_pem);
  }
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int one = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in address = loopback(port);
  socklen_t size = sizeof address;
  if (listener_ < 0 || bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener_, 64) != 0 || getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    if (listener_ >= 0) close(listener_);
    SSL_CTX_free(tls_);
    throw std::runtime_error("cannot listen on 127.0.0.1:" + std::to_string(port));
  }
  port_ = ntohs(address.sin_port);
  listen_thread_ = std::thread([this] { listen_loop(); });
}

WireServer::~WireServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const auto& worker : workers_) worker->wire->interrupt();
  }
  shutdown(listener_, SHUT_RDWR);
  listen_thread_.join();
  close(listener_);
  reap(true);
  SSL_CTX_free(tls_);
}

void WireServer::reap(bool all) {
  std::list<std::unique_ptr<Worker>> finished;
  {
    const std::lock_guard lock(mutex_);
    for (auto it = workers_.begin(); it != workers_.end();) {
      const auto next = std::next(it);
      if (all || (*it)->done) finished.splice(finished.end(), workers_, it);
      it = next;
    }
  }
  for (const auto& worker : finished) {
    if (worker->thread.joinable()) worker->thread.join();
  }
}

void WireServer::listen_loop() {
  for (;;) {
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (socket < 0) return;
    reap(false);
    const std::lock_guard lock(mutex_);
    if (stopping_ || workers_.size() >= max_connections) {
      close(socket);
      if (stopping_) return;
      continue;
    }
    auto worker = std::make_unique<Worker>();
    worker->wire = std::make_unique<Wire>(socket, tls_, timeout_seconds);
    Worker* raw = worker.get();
    worker->thread = std::thread([this, raw] {
      try {
        if (raw->wire->accept()) serve_(*raw->wire);
      } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
        // Out of memory for this connection: it ends, the others go on.
      }
      raw->wire->interrupt();
      raw->done = true;
    });
    workers_.push_back(std::move(worker));
  }
}

}  // namespace gitopsctl::agent::demo
