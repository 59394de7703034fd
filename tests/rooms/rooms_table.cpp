#include "tests/rooms/rooms_table.hpp"

#include <algorithm>
#include <array>
#include <sstream>

namespace gitopsctl::tests {
namespace {

/// What the C++ standard library and POSIX offer without being somebody else's library.
bool is_standard(const std::string& header) {
  if (header.find('/') == std::string::npos && header.find('.') == std::string::npos) return true;
  static constexpr std::array<std::string_view, 27> posix{
      "arpa/inet.h",   "crypt.h",       "dirent.h",      "fcntl.h",     "grp.h",      "netdb.h",        "netinet/in.h",
      "netinet/tcp.h", "poll.h",        "pthread.h",     "pwd.h",       "sched.h",    "signal.h",       "spawn.h",
      "sys/file.h",    "sys/epoll.h",   "sys/eventfd.h", "sys/ioctl.h", "sys/mman.h", "sys/resource.h", "sys/socket.h",
      "sys/stat.h",    "sys/syscall.h", "sys/types.h",   "sys/un.h",    "sys/wait.h", "unistd.h"};
  return std::find(posix.begin(), posix.end(), header) != posix.end();
}

/// Headers that stand in no table because nobody may include them, and why.
std::string banned(const Include& include) {
  if (include.header == "regex") return "std::regex is banned: use RE2 (base/text)";
  if (!include.file.ends_with(".hpp") || include.header == "nlohmann/json_fwd.hpp") return {};
  for (const std::string_view slow : {"nlohmann/", "boost/", "spdlog/", "fmt/"}) {
    if (include.header.starts_with(slow))
      return "a header of ours may not include <" + include.header + ">: hide it in a .cpp";
  }
  return {};
}

struct Place {
  std::string library;
  std::string room;
};

/// `base/yaml/reader.cpp` → base, yaml. A file right below the library has no room.
Place place_of(const std::string& path) {
  const std::size_t first = path.find('/');
  if (first == std::string::npos) return {};
  const std::size_t second = path.find('/', first + 1);
  return {path.substr(0, first), second == std::string::npos ? std::string{} : path.substr(first + 1, second - first - 1)};
}

class Judge {
 public:
  explicit Judge(const RoomRules& rules) : rules_(rules) {}

  RoomFindings run(const std::vector<std::string>& files, const std::vector<Include>& includes) {
    for (const auto& [library, table] : rules_.tables) {
      for (const auto& mistake : table.mistakes) findings_.errors.push_back(mistake);
    }
    std::set<std::string> reported;
    for (const auto& file : files) {
      const Place place = place_of(file);
      present_.insert(place.library + "/" + place.room);
      if (line_of(place) == nullptr && reported.insert(place.library + "/" + place.room).second) {
        findings_.errors.push_back(file + ": room '" + place.room + "' has no line in " + place.library + "/rooms.txt");
      }
    }
    for (const auto& include : includes) judge_one(include);
    for (const auto& include : includes) judge_leak(include);
    find_unused();
    for (const auto& [library, table] : rules_.tables) find_circle(library, table);
    return std::move(findings_);
  }

 private:
  const RoomLine* line_of(const Place& place) const {
    const auto table = rules_.tables.find(place.library);
    if (table == rules_.tables.end()) return nullptr;
    const auto line = table->second.rooms.find(place.room);
    return line == table->second.rooms.end() ? nullptr : &line->second;
  }

  void error(const Include& include, const std::string& message) {
    findings_.errors.push_back(include.file + ":" + std::to_string(include.line) + ": " + message);
  }

  void judge_one(const Include& include) {
    if (const std::string reason = banned(include); !reason.empty()) return error(include, reason);
    const Place from = place_of(include.file);
    const Place to = place_of(include.header);
    if (include.quoted && (rules_.lower.contains(to.library) || to.library == "tests")) return judge_ours(include, from, to);
    if (!include.quoted && is_standard(include.header)) return;
    const RoomLine* line = line_of(from);
    if (line == nullptr) return;  // reported for the file
    if (!line->headers.contains(include.header)) {
      return error(include, "room '" + from.room + "' may not include <" + include.header +
                                ">: add it behind the ';' of its line in " + from.library +
                                "/rooms.txt if it belongs there");
    }
    used_headers_.insert(from.library + "/" + from.room + " " + include.header);
    if (include.file.ends_with(".hpp")) foreign_[include.file] = include.header;
  }

  /// A header that shows somebody else's library is a room's own affair: no other room may include it.
  void judge_leak(const Include& include) {
    const auto leak = foreign_.find(include.header);
    if (leak == foreign_.end()) return;
    const Place from = place_of(include.file);
    const Place to = place_of(include.header);
    if (from.library == to.library && from.room == to.room) return;
    error(include, include.header + " includes <" + leak->second + ">, so only its own room may include it");
  }

  void judge_ours(const Include& include, const Place& from, const Place& to) {
    if (to.library != from.library) {
      const auto allowed = rules_.lower.find(from.library);
      if (allowed == rules_.lower.end() || !allowed->second.contains(to.library)) {
        error(include, "'" + from.library + "' may not include '" + to.library + "': layers only look down");
      }
      return;
    }
    if (to.room == from.room) return;
    const RoomLine* line = line_of(from);
    if (line == nullptr) return;
    if (!line->rooms.contains(to.room)) {
      return error(include, "room '" + from.room + "' may not include room '" + to.room + "': " + from.library +
                                "/rooms.txt does not list it");
    }
    used_rooms_.insert(from.library + "/" + from.room + " " + to.room);
  }

  /// Rooms that include each other, directly or round about, are one room: reports one such way per library.
  void find_circle(const std::string& library, const RoomTable& table) {
    std::set<std::string> clear;
    std::vector<std::string> way;
    const auto walk = [&](const auto& self, const std::string& room) -> bool {
      const auto line = table.rooms.find(room);
      if (line == table.rooms.end() || clear.contains(room)) return false;
      const auto before = std::find(way.begin(), way.end(), room);
      if (before != way.end()) {
        std::string text = library + "/rooms.txt:" + std::to_string(line->second.line) + ": rooms include each other: ";
        for (auto step = before; step != way.end(); ++step) text += *step + " -> ";
        findings_.errors.push_back(text + room);
        return true;
      }
      way.push_back(room);
      for (const auto& next : line->second.rooms) {
        if (self(self, next)) return true;
      }
      way.pop_back();
      clear.insert(room);
      return false;
    };
    for (const auto& [room, line] : table.rooms) {
      if (walk(walk, room)) return;
    }
  }

  void find_unused() {
    for (const auto& [library, table] : rules_.tables) {
      for (const auto& [room, line] : table.rooms) {
        const std::string where = library + "/rooms.txt:" + std::to_string(line.line) + ": " + room;
        if (!present_.contains(library + "/" + room)) findings_.unused.push_back(where + " is no folder with sources");
        for (const auto& other : line.rooms) {
          if (!used_rooms_.contains(library + "/" + room + " " + other))
            findings_.unused.push_back(where + " does not include " + other);
        }
        for (const auto& header : line.headers) {
          if (!used_headers_.contains(library + "/" + room + " " + header))
            findings_.unused.push_back(where + " does not include <" + header + ">");
        }
      }
    }
  }

  const RoomRules& rules_;
  RoomFindings findings_;
  std::set<std::string> present_;
  std::set<std::string> used_rooms_;
  std::set<std::string> used_headers_;
  std::map<std::string, std::string> foreign_;  ///< header of ours → header of others that it includes
};

}  // namespace

RoomTable parse_rooms(std::string_view text, const std::string& file) {
  RoomTable table;
  std::istringstream lines{std::string(text)};
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (const std::size_t comment = line.find('#'); comment != std::string::npos) line.resize(comment);
    if (line.find_first_not_of(" \t") == std::string::npos) continue;
    const std::size_t colon = line.find(':');
    const std::size_t semicolon = line.find(';');
    const std::string where = file + ":" + std::to_string(number) + ": ";
    std::istringstream name(line.substr(0, colon));
    std::string room;
    std::string more;
    name >> room;
    if (colon == std::string::npos || (semicolon != std::string::npos && semicolon < colon) || room.empty() ||
        (name >> more)) {
      table.mistakes.push_back(where + "not a line 'room: rooms ; headers'");
      continue;
    }
    RoomLine entry;
    entry.line = number;
    std::istringstream rooms(line.substr(colon + 1, semicolon == std::string::npos ? semicolon : semicolon - colon - 1));
    for (std::string word; rooms >> word;) entry.rooms.insert(word);
    if (semicolon != std::string::npos) {
      std::istringstream headers(line.substr(semicolon + 1));
      for (std::string word; headers >> word;) entry.headers.insert(word);
    }
    if (!table.rooms.emplace(room, std::move(entry)).second)
      table.mistakes.push_back(where + "room '" + room + "' stands twice");
  }
  return table;
}

std::vector<Include> find_includes(std::string_view text, const std::string& file) {
  std::vector<Include> out;
  int number = 0;
  while (!text.empty()) {
    ++number;
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    const auto skip_blanks = [&line] { line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size())); };
    skip_blanks();
    if (!line.starts_with('#')) continue;
    line.remove_prefix(1);
    skip_blanks();
    if (!line.starts_with("include")) continue;
    line.remove_prefix(7);
    skip_blanks();
    if (line.empty() || (line.front() != '"' && line.front() != '<')) continue;
    const bool quoted = line.front() == '"';
    const std::size_t close = line.find(quoted ? '"' : '>', 1);
    if (close == std::string_view::npos) continue;
    out.push_back({file, number, std::string(line.substr(1, close - 1)), quoted});
  }
  return out;
}

RoomFindings judge(const RoomRules& rules, const std::vector<std::string>& files, const std::vector<Include>& includes) {
  return Judge(rules).run(files, includes);
}

}  // namespace gitopsctl::tests
