#include <algorithm>
#include <array>

#include "base/text/ascii.hpp"
#include "base/text/escape.hpp"
#include "channels/git/smart_remote.hpp"
#include "channels/ssh/client.hpp"

// The smart protocol over SSH (gitprotocol-pack, "SSH Transport"): one command of the other side per conversation, whose
// first words are its advertisement.

namespace gitopsctl::channels::git {
namespace {

/// What servers say when they cannot find a repository, or do not let us. There is no code for it: they say it to people.
constexpr std::array<std::string_view, 5> words_of_absence{"not found", "does not appear to be a git repository",
                                                           "could not be found", "no such", "does not exist"};
constexpr std::array<std::string_view, 7> words_of_refusal{"denied",       "not allowed", "read only",    "read-only",
                                                           "unauthorized", "forbidden",   "not permitted"};

template <class Words>
bool has_any(const std::string& text, const Words& words) {
  return std::ranges::any_of(words, [&text](std::string_view word) { return text.find(word) != std::string::npos; });
}

class SshTransport final : public SmartTransport {
 public:
  SshTransport(const RemoteConfig& config, SshEndpoint endpoint)
      : shown_(endpoint.address.shown()),
        path_(shell_quote(endpoint.address.path)),
        client_(std::move(endpoint)),
        source_(config.credentials) {
    used_.ssh = config.ssh;
  }

  Result<Advertisement> discover(Service service, const Interrupt& interrupt) override;
  Result<void> ask(Question& question, Refusal& refusal, const Interrupt& interrupt) override;
  [[nodiscard]] bool stateless() const override { return false; }
  void end() noexcept override;
  [[nodiscard]] const std::string& shown() const override { return shown_; }
  [[nodiscard]] HttpCounters counters() const override {
    const SshCounters now = client_.counters();
    return {now.commands, now.bytes_sent, now.bytes_received};
  }

 private:
  Result<void> refresh(const Interrupt& interrupt);
  Result<void> start(Service service, const Interrupt& interrupt);
  [[nodiscard]] Error ended_early(Service service) const;

  std::string shown_;
  std::string path_;  ///< quoted for the other side's shell
  SshClient client_;
  std::shared_ptr<CredentialSource> source_;
  Credentials used_;
  bool talking_ = false;
  bool pushing_ = false;  ///< in the middle of a push: whatever more is said belongs to its pack
};

Result<void> SshTransport::refresh(const Interrupt& interrupt) {
  if (source_) {
    GITOPSCTL_TRY(used_, source_->current(interrupt));
  }
  return {};
}

Result<void> SshTransport::start(Service service, const Interrupt& interrupt) {
  end();
  GITOPSCTL_CHECK(refresh(interrupt));
  const std::string command = std::string(service_name(service)) + " " + path_;
  // A server that does not take the variable speaks version 0, and so does every git-receive-pack.
  const std::string variable = service == Service::fetch ? "GIT_PROTOCOL" : "";
  auto started = client_.start(used_.ssh, command, variable, "version=2", interrupt);
  if (!started && client_.refused_login() && source_ && source_->refused(used_)) {
    GITOPSCTL_CHECK(refresh(interrupt));
    started = client_.start(used_.ssh, command, variable, "version=2", interrupt);
  }
  talking_ = started.ok();
  pushing_ = false;
  return started;
}

Error SshTransport::ended_early(Service service) const {
  const std::string complaint = client_.complaint();
  if (complaint.empty()) {
    return Error(ErrorCode::unavailable, std::string(service_name(service)) + " of " + shown_ + " ended early")
        .with_hint("it is tried again");
  }
  std::string low = complaint;
  std::ranges::transform(low, low.begin(), ascii_lower);
  const std::string text = shown_ + " says: " + complaint;
  if (has_any(low, words_of_absence)) {
    return Error(ErrorCode::not_found, text).with_hint("check the address, and that this key may see the repository");
  }
  if (has_any(low, words_of_refusal)) {
    return Error(ErrorCode::forbidden, text)
        .with_hint(service == Service::push ? "the key may not push to this repository: let its deploy key write"
                                            : "the key may not read this repository");
  }
  return {ErrorCode::unavailable, text};
}

Result<Advertisement> SshTransport::discover(Service service, const Interrupt& interrupt) {
  GITOPSCTL_CHECK(start(service, interrupt));
  std::string body;
  PktReader reader;
  for (bool whole = false; !whole;) {
    GITOPSCTL_TRY(const auto piece, client_.read(interrupt));
    if (piece.empty()) return ended_early(service);
    if (body.size() + piece.size() > max_listing_bytes) {
      return Error(ErrorCode::too_large, "the list of refs of " + shown_ + " is larger than 128 MiB");
    }
    body += piece;
    reader.feed(piece);
    while (!whole) {
      const auto pkt = reader.next();
      if (!pkt) {
        return pkt.error().in(shown_).with_hint("the account's shell must print nothing of its own before Git answers");
      }
      if (!*pkt) break;
      // After an error message nothing more comes.
      whole = (*pkt)->kind == PktKind::flush || (*pkt)->payload.starts_with("ERR ");
    }
  }
  auto read = parse_advertisement(body, service_name(service));
  if (!read) return read.error().in(shown_);
  return read;
}

Result<void> SshTransport::ask(Question& question, Refusal& /*refusal*/, const Interrupt& interrupt) {
  if (!talking_) return Error(ErrorCode::internal, "nothing was asked of " + shown_ + " yet");
  pushing_ = question.service == Service::push;
  if (auto sent = client_.write(question.body, question.on_upload, interrupt); !sent) {
    return client_.complaint().empty() ? sent.error() : ended_early(question.service);
  }
  std::uint64_t received = 0;
  for (;;) {
    GITOPSCTL_TRY(const auto piece, client_.read(interrupt));
    if (piece.empty()) {
      // What came may be all of it; who takes it knows.
      return client_.complaint().empty() && received > 0 ? Result<void>() : ended_early(question.service);
    }
    received += piece.size();
    if (received > question.max_answer_bytes) {
      return Error(ErrorCode::too_large,
                   "the answer of " + shown_ + " is larger than " + std::to_string(question.max_answer_bytes) + " bytes");
    }
    auto done = question.take(piece);
    if (!done) return done.error().in(shown_);
    if (*done) return {};
  }
}

void SshTransport::end() noexcept {
  if (!talking_) return;
  talking_ = false;
  // A mark alone ends the conversation politely, wherever one may stand.
  client_.finish(pushing_ ? "" : "0000");
}

}  // namespace

Result<std::unique_ptr<Remote>> make_ssh_remote(const RemoteConfig& config) {
  SshEndpoint endpoint;
  GITOPSCTL_TRY(endpoint.address, SshAddress::parse(config.url));
  endpoint.proxy = config.http.proxy;
  endpoint.stall_timeout = std::min(endpoint.stall_timeout, config.timeout);
  endpoint.login_timeout = std::min(endpoint.login_timeout, config.timeout);
  endpoint.connect_timeout = std::min(endpoint.connect_timeout, config.timeout);
  return make_smart_remote(std::make_unique<SshTransport>(config, std::move(endpoint)), config);
}

}  // namespace gitopsctl::channels::git
