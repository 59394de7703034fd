#include "channels/git/protocol.hpp"

#include <algorithm>

#include "base/text/escape.hpp"

namespace gitopsctl::channels::git {
namespace {

constexpr std::size_t max_message_bytes = 1000;

std::string printable(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  return terminal_safe(truncate_utf8(text, max_message_bytes));
}

Error nonsense(const std::string& what) { return {ErrorCode::unavailable, "the Git server answers nonsense: " + what}; }
Error cut_short(const std::string& what) {
  return Error(ErrorCode::unavailable, what + " ended before it was complete").with_hint("it is tried again");
}

Error server_says(std::string_view text) {
  return {ErrorCode::unavailable, "the Git server reports an error: " + printable(text)};
}

Result<void> check_object_format(const Capabilities& capabilities) {
  const auto found = capabilities.find("object-format");
  if (found == capabilities.end() || found->second.empty() || found->second == "sha1") return {};
  return Error(ErrorCode::unsupported, "the repository names its objects with " + printable(found->second))
      .with_hint("only repositories with SHA-1 object names can be read");
}

void add_capability(Capabilities& out, std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) {
    out.emplace(text, "");
    return;
  }
  const auto name = text.substr(0, equals);
  // `symref` may come several times; the first one is HEAD's.
  out.emplace(name, text.substr(equals + 1));
}

/// Calls `each(word)` for the words of `text`.
template <class F>
void for_words(std::string_view text, F&& each) {
  while (!text.empty()) {
    const auto space = text.find(' ');
    const auto word = text.substr(0, space);
    if (!word.empty()) each(word);
    if (space == std::string_view::npos) return;
    text.remove_prefix(space + 1);
  }
}

/// Whole packets of a body that is all there.
class Packets {
 public:
  Packets(std::string_view body, std::string what) : what_(std::move(what)) { reader_.feed(body); }
  /// The next packet; an end of the body is an error, since every message has its closing mark.
  Result<Pkt> next() {
    GITOPSCTL_TRY(auto pkt, reader_.next());
    if (!pkt) return cut_short(what_);
    return *pkt;
  }
  [[nodiscard]] bool drained() const noexcept { return reader_.drained(); }

 private:
  PktReader reader_;
  std::string what_;
};

Result<Advertisement> read_v2_capabilities(Packets& packets) {
  Advertisement out;
  out.version = 2;
  for (;;) {
    GITOPSCTL_TRY(const Pkt pkt, packets.next());
    if (pkt.kind == PktKind::flush) break;
    if (pkt.kind != PktKind::line) return nonsense("a mark among the capabilities");
    if (out.capabilities.size() >= 256) return Error(ErrorCode::too_large, "the Git server has more than 256 capabilities");
    add_capability(out.capabilities, pkt.text());
  }
  GITOPSCTL_CHECK(check_object_format(out.capabilities));
  if (!out.capabilities.contains("ls-refs") || !out.capabilities.contains("fetch")) {
    return Error(ErrorCode::unsupported, "the Git server speaks protocol version 2 without ls-refs or fetch");
  }
  return out;
}

/// `id SP name`, of version 0.
Result<void> take_v0_ref(Advertisement& out, std::string_view line) {
  if (line.size() < zero_id.size() + 2 || line[zero_id.size()] != ' ' || !is_object_id(line.substr(0, zero_id.size()))) {
    // A repository of SHA-256 objects has 64 digits here.
    if (line.size() > 65 && line[64] == ' ' && line.substr(0, 64).find_first_not_of("0123456789abcdef") == line.npos) {
      return check_object_format({{"object-format", "sha256"}});
    }
    return nonsense("'" + printable(line) + "' among the refs");
  }
  const auto id = line.substr(0, zero_id.size());
  const auto name = line.substr(zero_id.size() + 1);
  if (name == "capabilities^{}") return {};
  if (name == ".have") return {};
  if (name.ends_with("^{}")) {
    const auto tag = name.substr(0, name.size() - 3);
    if (!out.refs.empty() && out.refs.back().name == tag) out.refs.back().peeled = id;
    return {};
  }
  if (out.refs.size() >= max_refs) return Error(ErrorCode::too_large, "the Git server lists more than a million refs");
  out.refs.push_back({std::string(name), std::string(id), {}, {}});
  return {};
}

void note_v0_symref(Advertisement& out) {
  const auto found = out.capabilities.find("symref");
  if (found == out.capabilities.end()) return;
  const auto colon = found->second.find(':');
  if (colon == std::string::npos) return;
  for (auto& ref : out.refs) {
    if (ref.name == std::string_view(found->second).substr(0, colon)) ref.symref = found->second.substr(colon + 1);
  }
}

Result<Advertisement> read_v0_refs(Packets& packets, Pkt first) {
  Advertisement out;
  bool capabilities_seen = false;
  for (Pkt pkt = first; pkt.kind != PktKind::flush;) {
    if (pkt.kind != PktKind::line) return nonsense("a mark among the refs");
    std::string_view line = pkt.text();
    if (line.starts_with("ERR ")) return server_says(line.substr(4));
    if (line.starts_with("shallow ")) {
      out.shallow = true;
    } else if (line != "version 1") {
      if (const auto nul = line.find('\0'); !capabilities_seen && nul != std::string_view::npos) {
        capabilities_seen = true;
        for_words(line.substr(nul + 1), [&out](std::string_view word) { add_capability(out.capabilities, word); });
        GITOPSCTL_CHECK(check_object_format(out.capabilities));
        line = line.substr(0, nul);
      }
      GITOPSCTL_CHECK(take_v0_ref(out, line));
    }
    GITOPSCTL_TRY(pkt, packets.next());
  }
  note_v0_symref(out);
  return out;
}

/// `id SP name [SP attribute]…`, of version 2.
Result<AdvertisedRef> read_v2_ref(std::string_view line) {
  AdvertisedRef ref;
  std::size_t index = 0;
  bool good = true;
  for_words(line, [&](std::string_view word) {
    if (index == 0) {
      ref.id = word;
    } else if (index == 1) {
      ref.name = word;
    } else if (word.starts_with("symref-target:")) {
      ref.symref = word.substr(14);
    } else if (word.starts_with("peeled:")) {
      ref.peeled = word.substr(7);
      good = good && is_object_id(ref.peeled);
    }
    ++index;
  });
  // An unborn HEAD has no id: `unborn HEAD symref-target:refs/heads/main`.
  if (!good || index < 2 || (!is_object_id(ref.id) && ref.id != "unborn")) {
    return nonsense("'" + printable(line) + "' among the refs");
  }
  if (ref.id == "unborn") ref.id.clear();
  return ref;
}

std::string agent() { return "agent=gitopsctl"; }

void append_line(std::string& out, const std::string& text) { append_pkt(out, text + "\n"); }

void append_v2_head(std::string& out, std::string_view command, const Capabilities& server) {
  append_line(out, "command=" + std::string(command));
  if (server.contains("agent")) append_line(out, agent());
  if (server.contains("object-format")) append_line(out, "object-format=sha1");
  append_delimiter(out);
}

bool has_feature(const Capabilities& server, std::string_view command, std::string_view feature) {
  const auto found = server.find(command);
  if (found == server.end()) return false;
  bool has = false;
  for_words(found->second, [&](std::string_view word) { has = has || word == feature; });
  return has;
}

}  // namespace

bool is_object_id(std::string_view text) noexcept {
  return text.size() == zero_id.size() && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<Advertisement> parse_advertisement(std::string_view body, std::string_view service) {
  Packets packets(body, "the list of refs");
  GITOPSCTL_TRY(Pkt pkt, packets.next());
  if (pkt.kind == PktKind::line && pkt.text().starts_with("# service=")) {
    if (pkt.text().substr(10) != service) return nonsense("it advertises another service, '" + printable(pkt.text()) + "'");
    GITOPSCTL_TRY(const Pkt mark, packets.next());
    if (mark.kind != PktKind::flush) return nonsense("no mark after the service's name");
    GITOPSCTL_TRY(pkt, packets.next());
  }
  if (pkt.kind == PktKind::line && pkt.text() == "version 2") return read_v2_capabilities(packets);
  return read_v0_refs(packets, pkt);
}

bool looks_like_dumb_refs(std::string_view body) noexcept {
  // The file has lines `id TAB name`, and is empty for an empty repository.
  return body.empty() ||
         (body.size() > zero_id.size() && is_object_id(body.substr(0, zero_id.size())) && body[zero_id.size()] == '\t');
}

std::string ls_refs_request(const Capabilities& server, const std::vector<std::string>& prefixes) {
  std::string out;
  append_v2_head(out, "ls-refs", server);
  append_line(out, "peel");
  append_line(out, "symrefs");
  if (has_feature(server, "ls-refs", "unborn")) append_line(out, "unborn");
  for (const auto& prefix : prefixes) append_line(out, "ref-prefix " + prefix);
  append_flush(out);
  return out;
}

Result<std::vector<AdvertisedRef>> parse_ls_refs(std::string_view body) {
  Packets packets(body, "the list of refs");
  std::vector<AdvertisedRef> out;
  for (;;) {
    GITOPSCTL_TRY(const Pkt pkt, packets.next());
    if (pkt.kind == PktKind::flush) return out;
    if (pkt.kind != PktKind::line) return nonsense("a mark among the refs");
    if (pkt.payload.starts_with("ERR ")) return server_says(pkt.text().substr(4));
    if (out.size() >= max_refs) return Error(ErrorCode::too_large, "the Git server lists more than a million refs");
    GITOPSCTL_TRY(AdvertisedRef ref, read_v2_ref(pkt.text()));
    out.push_back(std::move(ref));
  }
}

std::string fetch_request_v2(const Capabilities& server, const std::vector<std::string>& wants,
                             const std::vector<std::string>& haves) {
  std::string out;
  append_v2_head(out, "fetch", server);
  append_line(out, "ofs-delta");
  append_line(out, "no-progress");
  for (const auto& id : wants) append_line(out, "want " + id);
  for (const auto& id : haves) append_line(out, "have " + id);
  append_line(out, "done");
  append_flush(out);
  return out;
}

std::string fetch_request_v0(const Capabilities& server, const std::vector<std::string>& wants,
                             const std::vector<std::string>& haves) {
  std::string features;
  for (const auto* name : {"side-band-64k", "ofs-delta", "no-progress"}) {
    if (server.contains(std::string_view(name))) features += std::string(" ") + name;
  }
  if (server.contains("agent")) features += " " + agent();
  std::string out;
  for (std::size_t i = 0; i < wants.size(); ++i) append_line(out, "want " + wants[i] + (i == 0 ? features : ""));
  append_flush(out);
  for (const auto& id : haves) append_line(out, "have " + id);
  append_line(out, "done");
  return out;
}

Result<void> PackDemux::feed(std::string_view piece) {
  if (piece.empty()) return {};
  // What comes after the end would pile up in the reader, out of the sink's sight and its limits.
  if (state_ == State::done) return nonsense("more after the end of the pack");
  reader_.feed(piece);
  for (;;) {
    if (state_ == State::done) return reader_.drained() ? Result<void>() : nonsense("more after the end of the pack");
    GITOPSCTL_TRY(const auto pkt, reader_.next());
    if (!pkt) return {};
    GITOPSCTL_CHECK(take(*pkt));
  }
}

Result<void> PackDemux::finish() const {
  if (state_ == State::done) return {};
  return cut_short("the pack");
}

Result<void> PackDemux::take(const Pkt& pkt) {
  if (pkt.kind == PktKind::line && pkt.payload.starts_with("ERR ")) return server_says(pkt.text().substr(4));
  switch (state_) {
    case State::head: return version_ == 2 ? take_head_v2(pkt) : take_head_v0(pkt);
    case State::skip_section:
      if (pkt.kind == PktKind::delimiter) state_ = State::head;
      if (pkt.kind == PktKind::flush) return nonsense("an answer without a pack");
      return {};
    case State::pack:
      if (pkt.kind == PktKind::line) return take_band(pkt.payload);
      if (pkt.kind != PktKind::flush) return nonsense("a mark inside the pack");
      state_ = State::done;
      return {};
    case State::done: return {};
  }
  return {};
}

Result<void> PackDemux::take_head_v2(const Pkt& pkt) {
  if (pkt.kind != PktKind::line) return nonsense("an answer without a pack");
  const auto section = pkt.text();
  if (section == "packfile") {
    state_ = State::pack;
  } else if (section == "shallow-info") {
    return Error(ErrorCode::unsupported, "the remote repository is shallow")
        .with_hint("fetch the rest of its history there (git fetch --unshallow)");
  } else if (section == "acknowledgments" || section == "wanted-refs") {
    state_ = State::skip_section;
  } else {
    return nonsense("'" + printable(section) + "' where the pack should begin");
  }
  return {};
}

Result<void> PackDemux::take_head_v0(const Pkt& pkt) {
  if (pkt.kind != PktKind::line) return nonsense("an answer without a pack");
  const auto text = pkt.text();
  if (text == "NAK" || text.starts_with("ACK ")) {
    // Without multi_ack there is one line for the haves at most, and the last word before the pack.
    if (!sideband_) return Error(ErrorCode::unsupported, "the Git server cannot send packs in bands");
    return {};
  }
  if (!sideband_ || pkt.payload.empty() || static_cast<unsigned char>(pkt.payload[0]) > 3) {
    return nonsense("'" + printable(text) + "' where the pack should begin");
  }
  state_ = State::pack;
  return take_band(pkt.payload);
}

Result<void> PackDemux::take_band(std::string_view payload) {
  if (payload.empty()) return {};
  const auto band = payload[0];
  payload.remove_prefix(1);
  switch (band) {
    case 1: return payload.empty() ? Result<void>() : sink_(payload);
    case 2: return {};  // progress
    case 3: return server_says(payload);
    default: return nonsense("a band of unknown number");
  }
}

std::string push_request_head(const Capabilities& server, const PushCommand& command) {
  std::string line = command.from + " " + command.to + " " + command.ref;
  line += '\0';
  for (const auto* name : {"report-status", "side-band-64k"}) {
    if (server.contains(std::string_view(name))) line += std::string(" ") + name;
  }
  if (server.contains("object-format")) line += " object-format=sha1";
  if (server.contains("agent")) line += " " + agent();
  std::string out;
  append_pkt(out, line);
  append_flush(out);
  return out;
}

namespace {

Result<void> take_report_line(PushReport& out, std::string_view text) {
  if (text.starts_with("unpack ")) {
    out.unpack = printable(text.substr(7));
  } else if (text.starts_with("ok ")) {
    out.accepted[std::string(text.substr(3))] = true;
  } else if (text.starts_with("ng ")) {
    const auto rest = text.substr(3);
    const auto space = rest.find(' ');
    out.refused[std::string(rest.substr(0, space))] =
        space == std::string_view::npos ? "no reason given" : printable(rest.substr(space + 1));
  } else {
    return nonsense("'" + printable(text) + "' in the report of a push");
  }
  return {};
}

/// The report itself, without bands.
Result<void> read_report(PushReport& out, std::string_view body) {
  Packets packets(body, "the report of a push");
  for (;;) {
    GITOPSCTL_TRY(const Pkt pkt, packets.next());
    if (pkt.kind == PktKind::flush) break;
    if (pkt.kind != PktKind::line) return nonsense("a mark in the report of a push");
    GITOPSCTL_CHECK(take_report_line(out, pkt.text()));
  }
  if (out.unpack.empty()) return nonsense("a report of a push without its first line");
  return {};
}

}  // namespace

Result<PushReport> parse_push_report(std::string_view body, bool sideband) {
  constexpr std::size_t max_progress = 4096;
  PushReport out;
  if (!sideband) {
    GITOPSCTL_CHECK(read_report(out, body));
    return out;
  }
  std::string report;
  std::string progress;
  Packets packets(body, "the report of a push");
  for (;;) {
    GITOPSCTL_TRY(const Pkt pkt, packets.next());
    if (pkt.kind == PktKind::flush) break;
    if (pkt.kind != PktKind::line || pkt.payload.empty()) return nonsense("a mark in the report of a push");
    const auto rest = pkt.payload.substr(1);
    switch (pkt.payload[0]) {
      case 1: report += rest; break;
      case 2: progress += rest.substr(0, max_progress - std::min(max_progress, progress.size())); break;
      case 3: return server_says(rest);
      default: return nonsense("a band of unknown number");
    }
  }
  out.progress = terminal_safe(progress, true);
  GITOPSCTL_CHECK(read_report(out, report));
  return out;
}

}  // namespace gitopsctl::channels::git
