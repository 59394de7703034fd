#include "channels/ssh/client.hpp"

#include <fcntl.h>
#include <libssh/libssh.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/process/child.hpp"
#include "base/text/escape.hpp"
#include "channels/http/connect.hpp"
#include "channels/ssh/keys.hpp"

// libssh is used without blocking: each of its calls is made again until it is done, and in between we wait ourselves, so
// that deadlines and stops hold whatever the other side does.

namespace gitopsctl::channels {
namespace {

constexpr std::size_t max_complaint_bytes = 2048;
constexpr std::size_t max_shown_bytes = 500;
constexpr std::size_t piece_bytes = 32U << 10U;
/// A connection that was silent for longer may have been forgotten by something on the way.
constexpr Millis max_idle{120'000};
/// How often a wait looks at its deadline.
constexpr Millis longest_nap{200};
/// How long error output may come after the end of the output.
constexpr Millis error_grace{500};
constexpr int least_rsa_bits = 2048;
constexpr std::string_view client_key_algorithms =
    "ssh-ed25519,ecdsa-sha2-nistp521,ecdsa-sha2-nistp384,ecdsa-sha2-nistp256,rsa-sha2-512,rsa-sha2-256";

struct FreeSession {
  void operator()(ssh_session session) const noexcept { ssh_free(session); }
};
using SessionHandle = std::unique_ptr<ssh_session_struct, FreeSession>;

/// Text of the other side in one line.
std::string scrub(std::string_view text) {
  std::string line;
  for (const char c : truncate_utf8(text, max_complaint_bytes)) {
    const char sign = c == '\n' || c == '\r' || c == '\t' ? ' ' : c;
    if (sign == ' ' && (line.empty() || line.back() == ' ')) continue;
    line += sign;
  }
  while (line.ends_with(' ')) line.pop_back();
  return terminal_safe(truncate_utf8(line, max_shown_bytes));
}

/// Waits for a socket, a stop, or a little while.
class Nap {
 public:
  explicit Nap(const Interrupt& interrupt) : interrupt_(interrupt) {}
  void take(ssh_session session, Millis at_most) {
    if (!stop_) stop_.emplace(interrupt_.stop);
    // What could not be written yet: libssh wants to know when it can.
    const bool writing = (ssh_get_poll_flags(session) & SSH_WRITE_PENDING) != 0;
    std::array<pollfd, 2> files{pollfd{ssh_get_fd(session), static_cast<short>(writing ? POLLIN | POLLOUT : POLLIN), 0},
                                pollfd{stop_->descriptor(), POLLIN, 0}};
    const Millis span = std::clamp(std::min({longest_nap, at_most, interrupt_.deadline.left()}), Millis(1), longest_nap);
    ::poll(files.data(), files.size(), static_cast<int>(span.count()));
  }

 private:
  const Interrupt& interrupt_;
  std::optional<StopDescriptor> stop_;
};

}  // namespace

struct SshClient::State {
  explicit State(SshEndpoint where) : endpoint(std::move(where)), server(endpoint.address.shown()) {}
  ~State() { drop(); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  [[nodiscard]] bool alive() const;
  Result<void> connect(const Interrupt& interrupt);
  Result<void> set_options(const ssh::KnownHosts& known);
  Result<void> check_host(const ssh::KnownHosts& known) const;
  Result<void> log_in(const ssh_key_struct* key, const Interrupt& interrupt);
  Error login_error(const ssh_key_struct* key, int outcome);
  Result<void> open_command(const std::string& command, const std::string& variable, const std::string& value,
                            const Interrupt& interrupt);
  template <class Call>
  Result<int> repeat(std::string_view what, int again, Millis patience, const Interrupt& interrupt, const Call& call);
  Result<void> flush(const Interrupt& interrupt);
  void take_errors();
  void wait_for_errors(const Interrupt& interrupt);
  [[nodiscard]] Error lost(const std::string& what) const;
  void close_channel() noexcept;
  void drop() noexcept;

  SshEndpoint endpoint;
  std::string server;  ///< safe to print
  SessionHandle session;
  int socket = -1;  ///< of the session
  ssh_channel channel = nullptr;
  SshLogin login;  ///< of the session
  Millis last_use{0};
  bool refused = false;
  std::string errors;
  std::vector<char> buffer;
  SshCounters counters;
};

bool SshClient::State::alive() const {
  if (session == nullptr || ssh_is_connected(session.get()) == 0) return false;
  if (system_clock().monotonic() - last_use > max_idle) return false;
  pollfd file{ssh_get_fd(session.get()), POLLIN, 0};
  if (::poll(&file, 1, 0) <= 0) return true;
  if ((file.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) return false;
  char byte = 0;
  return ::recv(file.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0;
}

/// Makes a call of libssh until it does not say `again` any more.
template <class Call>
Result<int> SshClient::State::repeat(std::string_view what, int again, Millis patience, const Interrupt& interrupt,
                                     const Call& call) {
  const std::string doing = std::string(what) + " " + server;
  const Clock& clock = system_clock();
  const Millis end = clock.monotonic() + patience;
  Nap nap(interrupt);
  for (;;) {
    GITOPSCTL_CHECK(interrupt.check(doing));
    const int rc = call();
    if (rc != again) return rc;
    const Millis left = end - clock.monotonic();
    if (left <= Millis(0)) {
      return Error(ErrorCode::timeout, doing + " took longer than " + format_duration(patience))
          .with_hint("the server or something on the way hangs, or it does not speak SSH; it is tried again");
    }
    nap.take(session.get(), left);
  }
}

Error SshClient::State::lost(const std::string& what) const {
  const std::string reason = session == nullptr ? "" : scrub(ssh_get_error(session.get()));
  return Error(ErrorCode::unavailable,
               what + " " + server + " failed: " + (reason.empty() ? "the connection is gone" : reason))
      .with_hint("it is tried again");
}

void SshClient::State::close_channel() noexcept {
  if (channel == nullptr) return;
  ssh_channel_close(channel);
  ssh_channel_free(channel);
  channel = nullptr;
}

void SshClient::State::drop() noexcept {
  if (session == nullptr) return;
  close_channel();
  // libssh closes a socket that was given to it when it breaks, and leaves it open otherwise.
  const bool open = socket >= 0 && ssh_get_fd(session.get()) == socket;
  ssh_disconnect(session.get());
  session.reset();
  if (open) ::close(socket);
  socket = -1;
}

Result<void> SshClient::State::set_options(const ssh::KnownHosts& known) {
  const SshAddress& address = endpoint.address;
  const bool no = false;
  const int quiet = SSH_LOG_NOLOG;
  const std::string host_keys = known.algorithms();
  bool good = true;
  const auto set = [&](ssh_options_e option, const void* value) {
    good = good && ssh_options_set(session.get(), option, value) == SSH_OK;
  };
  set(SSH_OPTIONS_LOG_VERBOSITY, &quiet);
  // Nothing of the user's or the machine's: no configuration, no keys, no known hosts but ours, no agent.
  set(SSH_OPTIONS_PROCESS_CONFIG, &no);
  set(SSH_OPTIONS_SSH_DIR, "/nonexistent");
  set(SSH_OPTIONS_KNOWNHOSTS, "/dev/null");
  set(SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");
  set(SSH_OPTIONS_HOST, address.host.c_str());
  set(SSH_OPTIONS_PORT_STR, address.port.c_str());
  set(SSH_OPTIONS_USER, address.user.c_str());
  set(SSH_OPTIONS_HOSTKEYS, host_keys.c_str());
  set(SSH_OPTIONS_PUBLICKEY_ACCEPTED_TYPES, std::string(client_key_algorithms).c_str());
  set(SSH_OPTIONS_RSA_MIN_SIZE, &least_rsa_bits);
  set(SSH_OPTIONS_COMPRESSION, "no");
  if (good) set(SSH_OPTIONS_FD, &socket);
  if (!good) return Error(ErrorCode::internal, "libssh refuses an option: " + scrub(ssh_get_error(session.get())));
  return {};
}

Result<void> SshClient::State::check_host(const ssh::KnownHosts& known) const {
  ssh_key raw = nullptr;
  if (ssh_get_server_publickey(session.get(), &raw) != SSH_OK) return lost("reading the host key of");
  const ssh::KeyHandle key(raw);
  return known.check(key.get());
}

Error SshClient::State::login_error(const ssh_key_struct* key, int outcome) {
  const std::string reason = scrub(ssh_get_error(session.get()));
  if (outcome == SSH_AUTH_PARTIAL) {
    return Error(ErrorCode::forbidden, server + " wants more than a key to log in")
        .with_hint("use an account that a key alone is enough for");
  }
  if (outcome != SSH_AUTH_DENIED) return lost("login to");
  if (reason.find("PUBLICKEY_ACCEPTED_TYPES") != std::string::npos) {
    return Error(ErrorCode::forbidden, server + " takes RSA keys only with SHA-1 signatures (ssh-rsa)")
        .with_hint("those can be forged and are never made: use an ed25519 key, or let the server take rsa-sha2-512");
  }
  if (reason.find("RSA_MIN_SIZE") != std::string::npos) {
    return Error(ErrorCode::forbidden, "the RSA key for " + server + " has less than 2048 bits")
        .with_hint("make a new one: ssh-keygen -t ed25519");
  }
  refused = true;
  std::string hint = "add its public key to the repository (as a deploy key) or to the account, and check the user name";
  if (ssh_key_type(const_cast<ssh_key>(key)) == SSH_KEYTYPE_RSA) {
    hint += "; a server that takes RSA keys only with SHA-1 signatures (ssh-rsa) never takes this one: use an ed25519 key";
  }
  return Error(ErrorCode::forbidden, server + " refuses the key " + ssh::describe_key(key)).with_hint(hint);
}

Result<void> SshClient::State::log_in(const ssh_key_struct* key, const Interrupt& interrupt) {
  GITOPSCTL_TRY(const int outcome, repeat("login to", SSH_AUTH_AGAIN, endpoint.login_timeout, interrupt, [&] {
                  return ssh_userauth_publickey(session.get(), nullptr, const_cast<ssh_key>(key));
                }));
  if (outcome == SSH_AUTH_SUCCESS) return {};
  return login_error(key, outcome);
}

Result<void> SshClient::State::connect(const Interrupt& interrupt) {
  drop();
  const SshAddress& address = endpoint.address;
  if (login.private_key.empty()) {
    return Error(ErrorCode::invalid_input, "no private key is given for " + server).with_hint("name it as sshKeyFile");
  }
  GITOPSCTL_TRY(const auto key, ssh::read_private_key(login.private_key, login.passphrase));
  // Without known hosts the server's key is still looked at, so that the error can say what to compare.
  GITOPSCTL_TRY(const auto known, ssh::KnownHosts::read(login.known_hosts, address.known_hosts_name()));
  GITOPSCTL_TRY(const int connected,
                connect_socket(address.host, address.port, endpoint.proxy, endpoint.connect_timeout, interrupt));
  session.reset(ssh_new());
  // libssh keeps no more than 16 bits of a descriptor.
  if (session == nullptr || connected > 0xFFFF) {
    ::close(connected);
    session.reset();
    return Error(ErrorCode::internal, "no memory or descriptor is left for the connection to " + server);
  }
  socket = connected;
  ssh_set_blocking(session.get(), 0);
  if (auto set = set_options(known); !set) {
    session.reset();
    ::close(std::exchange(socket, -1));
    return set;
  }
  auto reached = [&]() -> Result<void> {
    GITOPSCTL_TRY(const int rc, repeat("connection to", SSH_AGAIN, endpoint.login_timeout, interrupt, [&] {
                    const int done = ssh_connect(session.get());
                    // libssh makes the socket a blocking one: a write would wait beyond all deadlines.
                    const int flags = ::fcntl(socket, F_GETFL);
                    if (flags >= 0) ::fcntl(socket, F_SETFL, flags | O_NONBLOCK);
                    return done;
                  }));
    if (rc != SSH_OK) return lost("connection to");
    GITOPSCTL_CHECK(check_host(known));
    return log_in(key.get(), interrupt);
  }();
  if (!reached) drop();
  last_use = system_clock().monotonic();
  return reached;
}

Result<void> SshClient::State::open_command(const std::string& command, const std::string& variable,
                                            const std::string& value, const Interrupt& interrupt) {
  errors.clear();
  channel = ssh_channel_new(session.get());
  if (channel == nullptr) return Error(ErrorCode::internal, "libssh has no memory for a channel");
  const Millis patience = endpoint.login_timeout;
  GITOPSCTL_TRY(const int opened, repeat("opening a channel of", SSH_AGAIN, patience, interrupt,
                                         [&] { return ssh_channel_open_session(channel); }));
  if (opened != SSH_OK) return lost("opening a channel of");
  if (!variable.empty()) {
    GITOPSCTL_CHECK(repeat("preparing a command of", SSH_AGAIN, patience, interrupt,
                           [&] { return ssh_channel_request_env(channel, variable.c_str(), value.c_str()); }));
  }
  GITOPSCTL_TRY(const int started, repeat("starting a command of", SSH_AGAIN, patience, interrupt,
                                          [&] { return ssh_channel_request_exec(channel, command.c_str()); }));
  if (started != SSH_OK) return lost("starting a command of");
  counters.commands += 1;
  return {};
}

void SshClient::State::take_errors() {
  std::array<char, 4096> piece{};
  for (;;) {
    const int got = ssh_channel_read_nonblocking(channel, piece.data(), piece.size(), 1);
    if (got <= 0) return;
    counters.bytes_received += static_cast<std::uint64_t>(got);
    errors.append(piece.data(), std::min(static_cast<std::size_t>(got), max_complaint_bytes - errors.size()));
  }
}

void SshClient::State::wait_for_errors(const Interrupt& interrupt) {
  const Clock& clock = system_clock();
  const Millis end = clock.monotonic() + error_grace;
  Nap nap(interrupt);
  for (;;) {
    take_errors();
    const Millis left = end - clock.monotonic();
    if (left <= Millis(0) || ssh_channel_is_closed(channel) != 0 || !interrupt.check("command").ok()) return;
    if (ssh_is_connected(session.get()) == 0) return;
    nap.take(session.get(), left);
  }
}

/// Waits until all that was written has left this machine.
Result<void> SshClient::State::flush(const Interrupt& interrupt) {
  const auto pump = [this] { return ssh_blocking_flush(session.get(), 0); };
  GITOPSCTL_TRY(const int rc, repeat("sending to", SSH_AGAIN, endpoint.stall_timeout, interrupt, pump));
  if (rc != SSH_OK) return lost("sending to");
  return {};
}

SshClient::SshClient(SshEndpoint endpoint) : state_(std::make_unique<State>(std::move(endpoint))) {}
SshClient::~SshClient() = default;

Result<void> SshClient::connect(const SshLogin& login, const Interrupt& interrupt) {
  if (state_->login == login && state_->alive()) return {};
  state_->login = login;
  state_->refused = false;
  return state_->connect(interrupt);
}

bool SshClient::refused_login() const noexcept { return state_->refused; }

void SshClient::disconnect() noexcept { state_->drop(); }

Result<void> SshClient::start(const SshLogin& login, const std::string& command, const std::string& variable,
                              const std::string& value, const Interrupt& interrupt) {
  finish({});
  const bool kept = state_->session != nullptr;
  GITOPSCTL_CHECK(connect(login, interrupt));
  auto opened = state_->open_command(command, variable, value, interrupt);
  if (!opened && kept && opened.error().code() == ErrorCode::unavailable) {
    state_->drop();
    GITOPSCTL_CHECK(connect(login, interrupt));
    opened = state_->open_command(command, variable, value, interrupt);
  }
  if (!opened) state_->drop();
  return opened;
}

Result<void> SshClient::write(std::string_view bytes, const std::function<void(std::uint64_t)>& on_sent,
                              const Interrupt& interrupt) {
  State& s = *state_;
  const std::size_t half = (bytes.size() + 1) / 2;
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    if (s.channel == nullptr) return s.lost("sending to");
    const std::size_t limit = on_sent && sent < half ? half : bytes.size();
    const auto piece = bytes.substr(sent, std::min(piece_bytes, limit - sent));
    int wrote = 0;
    const auto put = [&] {
      s.take_errors();
      wrote = ssh_channel_write(s.channel, piece.data(), static_cast<std::uint32_t>(piece.size()));
      if (wrote < 0 || ssh_is_connected(s.session.get()) == 0) return SSH_ERROR;
      return wrote == 0 ? SSH_AGAIN : SSH_OK;
    };
    GITOPSCTL_TRY(const int rc, s.repeat("sending to", SSH_AGAIN, s.endpoint.stall_timeout, interrupt, put));
    if (rc != SSH_OK) {
      Error error = s.lost("sending to");
      s.wait_for_errors(interrupt);
      return error;
    }
    sent += static_cast<std::size_t>(wrote);
    s.counters.bytes_sent += static_cast<std::uint64_t>(wrote);
    if (on_sent && sent == half && half < bytes.size()) {
      GITOPSCTL_CHECK(s.flush(interrupt));
      on_sent(sent);
    }
  }
  return s.flush(interrupt);
}

Result<std::string_view> SshClient::read(const Interrupt& interrupt) {
  State& s = *state_;
  if (s.channel == nullptr) return s.lost("reading from");
  s.buffer.resize(2 * piece_bytes);
  int got = 0;
  const auto take = [&] {
    got = ssh_channel_read_nonblocking(s.channel, s.buffer.data(), static_cast<std::uint32_t>(s.buffer.size()), 0);
    if (got > 0) return SSH_OK;
    s.take_errors();
    if (got == SSH_EOF || ssh_channel_is_eof(s.channel) != 0 || ssh_channel_is_closed(s.channel) != 0) return SSH_EOF;
    if (got == SSH_ERROR || ssh_is_connected(s.session.get()) == 0) return SSH_ERROR;
    return SSH_AGAIN;
  };
  GITOPSCTL_TRY(const int rc, s.repeat("reading from", SSH_AGAIN, s.endpoint.stall_timeout, interrupt, take));
  s.last_use = system_clock().monotonic();
  if (rc == SSH_ERROR) {
    Error error = s.lost("reading from");
    s.drop();
    return error;
  }
  if (rc == SSH_EOF) {
    // A connection that breaks ends the channel, too.
    if (ssh_is_connected(s.session.get()) == 0) return s.lost("reading from");
    s.wait_for_errors(interrupt);
    return std::string_view();
  }
  s.counters.bytes_received += static_cast<std::uint64_t>(got);
  return std::string_view(s.buffer.data(), static_cast<std::size_t>(got));
}

std::string SshClient::complaint() const { return scrub(state_->errors); }

void SshClient::finish(std::string_view farewell) noexcept {
  State& s = *state_;
  if (s.session == nullptr || s.channel == nullptr) return;
  if (!farewell.empty() && ssh_channel_is_open(s.channel) != 0 && ssh_channel_is_eof(s.channel) == 0) {
    ssh_channel_write(s.channel, farewell.data(), static_cast<std::uint32_t>(farewell.size()));
    ssh_channel_send_eof(s.channel);
  }
  s.close_channel();
  s.last_use = system_clock().monotonic();
}

SshCounters SshClient::counters() const noexcept { return state_->counters; }

}  // namespace gitopsctl::channels
