// What a Git server may answer, in any bytes: the packet lines, both advertisements, ls-refs, the bands around a pack, the
// report of a push, tree and commit objects. Nothing crashes or grows; feeding in pieces gives the same as feeding at once;
// what the parsers let through keeps their promises.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text/escape.hpp"
#include "channels/git/pkt_line.hpp"
#include "channels/git/protocol.hpp"
#include "channels/git/ref_name.hpp"
#include "channels/git/tree_object.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels::git;

namespace {

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "git_packet_fuzz: %s\n", what);
  std::abort();
}

void check_error(const Error& error) {
  require(terminal_safe(error.message()) == error.message(), "an error that is not safe to print");
  require(error.message().size() < 4096, "an error that grows with its input");
}

/// What a reader gives for `bytes` in pieces of `step`, and how it ended.
std::string read_packets(std::string_view bytes, std::size_t step) {
  PktReader reader;
  std::string seen;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    reader.feed(bytes.substr(at, step));
    for (;;) {
      const auto pkt = reader.next();
      if (!pkt.ok()) {
        check_error(pkt.error());
        return seen + "!";
      }
      if (!*pkt) break;
      require((*pkt)->payload.size() <= max_pkt_bytes - 4, "a packet that is too long");
      seen += static_cast<char>('0' + static_cast<int>((*pkt)->kind));
      seen += (*pkt)->payload;
    }
  }
  return seen;
}

void fuzz_packets(std::string_view bytes) {
  const std::string whole = read_packets(bytes, bytes.size());
  require(read_packets(bytes, 1) == whole, "single bytes read differently");
  require(read_packets(bytes, 5) == whole, "pieces read differently");
}

void check_ref(const AdvertisedRef& ref, bool may_be_unborn) {
  require(is_object_id(ref.id) || (may_be_unborn && ref.id.empty()), "a ref without an id");
  require(ref.peeled.empty() || is_object_id(ref.peeled), "a tag that leads to no id");
  if (is_safe_ref_name(ref.name)) {
    require(terminal_safe(ref.name) == ref.name, "a safe name that is not safe to print");
    require(ref.name.find("..") == std::string::npos && ref.name.front() != '/', "a safe name that climbs");
  }
}

void fuzz_refs(std::string_view bytes) {
  for (const auto* service : {"git-upload-pack", "git-receive-pack"}) {
    const auto read = parse_advertisement(bytes, service);
    if (!read.ok()) {
      check_error(read.error());
      continue;
    }
    for (const auto& ref : read->refs) check_ref(ref, false);
    require(read->version == 2 || read->version == 0, "a version that does not exist");
  }
  const auto listed = parse_ls_refs(bytes);
  if (!listed.ok()) return check_error(listed.error());
  for (const auto& ref : *listed) check_ref(ref, true);
}

/// The pack in an answer that comes in pieces of `step`, and how it ended.
std::string take_pack(std::string_view bytes, int version, std::size_t step) {
  std::string pack;
  PackDemux demux(version, true, [&pack](std::string_view piece) -> Result<void> {
    pack += piece;
    return {};
  });
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    if (const auto fed = demux.feed(bytes.substr(at, step)); !fed.ok()) {
      check_error(fed.error());
      return pack + "!";
    }
  }
  return pack + (demux.finish().ok() ? "." : "?");
}

void fuzz_bands(std::string_view bytes) {
  for (const int version : {0, 2}) {
    require(take_pack(bytes, version, bytes.size()) == take_pack(bytes, version, 3), "bands in pieces differ");
  }
  for (const bool sideband : {false, true}) {
    const auto report = parse_push_report(bytes, sideband);
    if (!report.ok()) {
      check_error(report.error());
      continue;
    }
    require(terminal_safe(report->progress, true) == report->progress, "progress that is not safe to print");
    for (const auto& [ref, reason] : report->refused) require(terminal_safe(reason) == reason, "a reason that is not safe");
  }
}

void fuzz_objects(std::string_view bytes) {
  if (const auto tree = parse_tree(bytes); tree.ok()) {
    for (const auto& entry : *tree) {
      require(is_object_id(entry.id) && !entry.name.empty() && entry.name != ".." && entry.name != ".", "a bad entry");
      require(entry.name.find('/') == std::string::npos, "a name with a slash");
    }
    const auto again = parse_tree(write_tree_bytes(*tree));
    require(again.ok() && *again == *tree, "the round trip changed a tree");
  } else {
    check_error(tree.error());
  }
  if (const auto commit = parse_commit(bytes); commit.ok()) {
    require(is_object_id(commit->tree), "a commit without a tree");
    for (const auto& parent : commit->parents) require(is_object_id(parent), "a parent that is no id");
  } else {
    check_error(commit.error());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0: fuzz_packets(bytes); break;
    case 1: fuzz_refs(bytes); break;
    case 2: fuzz_bands(bytes); break;
    default: fuzz_objects(bytes); break;
  }
  return 0;
}
