#include "channels/git/smart_remote.hpp"

#include <algorithm>

#include "base/process/crash_point.hpp"
#include "base/text/escape.hpp"

namespace gitopsctl::channels::git {
namespace {

constexpr std::uint64_t max_report_bytes = 1U << 20U;

/// Gathers an answer up to its closing mark.
class Gathered {
 public:
  Result<bool> take(std::string_view piece) {
    bytes_.append(piece);
    reader_.feed(piece);
    for (;;) {
      GITOPSCTL_TRY(const auto pkt, reader_.next());
      if (!pkt) return false;
      // An error message is the server's last word, without a mark behind it.
      if (pkt->kind == PktKind::flush || pkt->payload.starts_with("ERR ")) return true;
    }
  }
  [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }

 private:
  std::string bytes_;
  PktReader reader_;
};

class SmartRemote final : public Remote {
 public:
  SmartRemote(std::unique_ptr<SmartTransport> transport, const RemoteConfig& config)
      : transport_(std::move(transport)), prefixes_(config.ref_prefixes), max_pack_bytes_(config.max_pack_bytes) {}

  Result<RemoteRefs> list(const Interrupt& interrupt) override;
  Result<void> fetch(const std::vector<std::string>& wants, const std::vector<std::string>& haves, const PackSink& sink,
                     const Interrupt& interrupt) override;
  Result<void> push(const PushCommand& command, const PackMaker& make_pack, const Interrupt& interrupt) override;
  [[nodiscard]] HttpCounters counters() const override { return transport_->counters(); }
  [[nodiscard]] std::optional<Millis> retry_after() const override { return transport_->retry_after(); }

 private:
  /// Ends the conversation however an operation ends.
  struct Farewell {
    SmartTransport& transport;
    ~Farewell() { transport.end(); }
  };

  Result<Advertisement> discover(Service service, const Interrupt& interrupt);
  Result<std::string> gather(Question question, Refusal& refusal, const Interrupt& interrupt);
  Result<RemoteRefs> list_v2(const Interrupt& interrupt, Refusal& refusal);
  [[nodiscard]] RemoteRefs cut(std::vector<AdvertisedRef> refs) const;
  Result<std::string> remote_value(const std::string& ref, const Interrupt& interrupt);
  Result<void> judge(const PushReport& report, const PushCommand& command, const Interrupt& interrupt);
  [[nodiscard]] Error moved(const PushCommand& command) const;
  [[nodiscard]] const std::string& shown() const { return transport_->shown(); }

  std::unique_ptr<SmartTransport> transport_;
  std::vector<std::string> prefixes_;
  std::uint64_t max_pack_bytes_;
  /// What the server can do, remembered so that a poll is one request.
  std::optional<Capabilities> known_;
  int version_ = 0;
};

Result<Advertisement> SmartRemote::discover(Service service, const Interrupt& interrupt) {
  GITOPSCTL_TRY(Advertisement read, transport_->discover(service, interrupt));
  if (read.shallow) {
    return Error(ErrorCode::unsupported, shown() + " is a shallow repository")
        .with_hint("fetch the rest of its history there (git fetch --unshallow)");
  }
  if (service == Service::fetch) {
    known_ = read.capabilities;
    version_ = read.version;
  }
  return read;
}

Result<std::string> SmartRemote::gather(Question question, Refusal& refusal, const Interrupt& interrupt) {
  Gathered answer;
  question.take = [&answer](std::string_view piece) { return answer.take(piece); };
  GITOPSCTL_CHECK(transport_->ask(question, refusal, interrupt));
  return answer.bytes();
}

RemoteRefs SmartRemote::cut(std::vector<AdvertisedRef> refs) const {
  RemoteRefs out;
  for (auto& ref : refs) {
    if (ref.name == "HEAD") {
      out.head = ref.symref;
    } else if (has_prefix(ref.name, prefixes_)) {
      out.refs.push_back(std::move(ref));
    }
  }
  return out;
}

Result<RemoteRefs> SmartRemote::list_v2(const Interrupt& interrupt, Refusal& refusal) {
  std::vector<std::string> prefixes = prefixes_;
  prefixes.emplace_back("HEAD");
  Question question;
  question.version = version_;
  question.body = ls_refs_request(*known_, prefixes);
  question.max_answer_bytes = max_listing_bytes;
  auto answer = gather(std::move(question), refusal, interrupt);
  auto refs = answer.ok() ? parse_ls_refs(*answer) : Result<std::vector<AdvertisedRef>>(answer.error());
  if (!refs) {
    known_.reset();
    return answer.ok() ? refs.error().in(shown()) : refs.error();
  }
  return cut(std::move(refs).value());
}

Result<RemoteRefs> SmartRemote::list(const Interrupt& interrupt) {
  const Farewell farewell{*transport_};
  Refusal refusal = Refusal::none;
  if (transport_->stateless() && known_ && version_ == 2) {
    auto listed = list_v2(interrupt, refusal);
    if (listed.ok() || refusal != Refusal::outdated) return listed;
  }
  GITOPSCTL_TRY(Advertisement advertisement, discover(Service::fetch, interrupt));
  if (advertisement.version == 2) return list_v2(interrupt, refusal);
  return cut(std::move(advertisement.refs));
}

Result<void> SmartRemote::fetch(const std::vector<std::string>& wants, const std::vector<std::string>& haves,
                                const PackSink& sink, const Interrupt& interrupt) {
  const Farewell farewell{*transport_};
  if (!known_ || !transport_->stateless()) GITOPSCTL_CHECK(discover(Service::fetch, interrupt));
  if (version_ != 2 && !known_->contains("side-band-64k")) {
    return Error(ErrorCode::unsupported, shown() + " cannot send packs in bands").with_hint("a newer Git server is needed");
  }
  PackDemux demux(version_, true, sink);
  Question question;
  question.version = version_;
  question.body = version_ == 2 ? fetch_request_v2(*known_, wants, haves) : fetch_request_v0(*known_, wants, haves);
  // Packets around the pack cost less than a thousandth; what is over that is not a pack.
  question.max_answer_bytes = max_pack_bytes_ + max_pack_bytes_ / 1000 + (1U << 20U);
  question.streamed = true;
  question.take = [&](std::string_view piece) -> Result<bool> {
    GITOPSCTL_CHECK(sink({}));
    GITOPSCTL_CHECK(demux.feed(piece));
    return demux.finish().ok();
  };
  Refusal refusal = Refusal::none;
  if (auto asked = transport_->ask(question, refusal, interrupt); !asked) {
    known_.reset();
    return asked;
  }
  if (auto finished = demux.finish(); !finished) return finished.error().in(shown());
  return {};
}

Result<std::string> SmartRemote::remote_value(const std::string& ref, const Interrupt& interrupt) {
  GITOPSCTL_TRY(const Advertisement now, discover(Service::push, interrupt));
  const auto found = std::ranges::find(now.refs, ref, &AdvertisedRef::name);
  return found == now.refs.end() ? std::string(zero_id) : found->id;
}

Error SmartRemote::moved(const PushCommand& command) const {
  return Error(ErrorCode::conflict, "somebody else moved " + terminal_safe(command.ref) + " of " + shown())
      .with_hint("nothing was pushed; it is looked at again with the next listing");
}

Result<void> SmartRemote::push(const PushCommand& command, const PackMaker& make_pack, const Interrupt& interrupt) {
  const Farewell farewell{*transport_};
  GITOPSCTL_TRY(const Advertisement now, discover(Service::push, interrupt));
  const auto found = std::ranges::find(now.refs, command.ref, &AdvertisedRef::name);
  const std::string held = found == now.refs.end() ? std::string(zero_id) : found->id;
  if (held == command.to) return {};  // an earlier push got through although its answer did not
  if (held != command.from) return moved(command);
  if (!now.capabilities.contains("report-status")) {
    return Error(ErrorCode::unsupported, shown() + " does not report what became of a push");
  }
  const bool removing = command.to == zero_id;
  if (removing && !now.capabilities.contains("delete-refs")) {
    return Error(ErrorCode::forbidden, shown() + " does not allow deleting branches");
  }
  Question question;
  question.service = Service::push;
  question.max_answer_bytes = max_report_bytes;
  question.body = push_request_head(now.capabilities, command);
  if (!removing) {
    std::vector<std::string> remote_has;
    remote_has.reserve(now.refs.size());
    for (const auto& ref : now.refs) remote_has.push_back(ref.id);
    GITOPSCTL_TRY(const std::string pack, make_pack(remote_has));
    question.body += pack;
  }
  question.on_upload = [](std::uint64_t /*sent*/) { crash_point(CrashPoint::candidate_push_half); };
  Refusal refusal = Refusal::none;
  auto answer = gather(std::move(question), refusal, interrupt);
  if (answer.ok()) crash_point(CrashPoint::candidate_push_answered);
  if (refusal != Refusal::none) return answer.error();
  Result<PushReport> report = answer.ok() ? parse_push_report(*answer, now.capabilities.contains("side-band-64k"))
                                          : Result<PushReport>(answer.error());
  if (report.ok()) return judge(*report, command, interrupt);
  // Nobody knows whether the push got through: look.
  if (interrupt.check("push").ok()) {
    const auto after = remote_value(command.ref, interrupt);
    if (after.ok() && *after == command.to) return {};
    if (after.ok() && *after != command.from) return moved(command);
  }
  return report.error().in("push to " + shown());
}

Result<void> SmartRemote::judge(const PushReport& report, const PushCommand& command, const Interrupt& interrupt) {
  const std::string where = terminal_safe(command.ref) + " of " + shown();
  if (report.unpack != "ok") {
    return Error(ErrorCode::unavailable, "the objects for " + where + " were not taken: " + report.unpack);
  }
  if (report.accepted.contains(command.ref)) return {};
  const auto refused = report.refused.find(command.ref);
  if (refused == report.refused.end()) return Error(ErrorCode::unavailable, "the push of " + where + " was not answered");
  // Servers word a lost race in many ways; the ref itself tells it from a rule that says no.
  const auto after = remote_value(command.ref, interrupt);
  if (after.ok() && *after == command.to) return {};
  if (after.ok() && *after != command.from) return moved(command);
  const std::string& reason = refused->second;
  for (const auto* sign : {"lock", "failed to update ref", "stale", "already exists", "incorrect old value"}) {
    if (reason.find(sign) != std::string::npos) {
      return Error(ErrorCode::conflict, "the push of " + where + " lost a race: " + reason).with_hint("it is tried again");
    }
  }
  Error error(ErrorCode::forbidden, "the push of " + where + " was refused: " + reason);
  if (!report.progress.empty()) error = error.with_hint("the server says: " + terminal_safe(report.progress));
  return error;
}

}  // namespace

bool has_prefix(std::string_view name, const std::vector<std::string>& prefixes) {
  return std::ranges::any_of(prefixes, [name](const std::string& prefix) { return name.starts_with(prefix); });
}

std::unique_ptr<Remote> make_smart_remote(std::unique_ptr<SmartTransport> transport, const RemoteConfig& config) {
  return std::make_unique<SmartRemote>(std::move(transport), config);
}

std::string_view service_name(Service service) noexcept {
  return service == Service::fetch ? "git-upload-pack" : "git-receive-pack";
}

}  // namespace gitopsctl::channels::git
