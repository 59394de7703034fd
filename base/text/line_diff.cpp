#include "base/text/line_diff.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <unordered_map>
#include <vector>

namespace gitopsctl {

namespace {

using Index = std::int64_t;
using Ids = std::vector<std::uint32_t>;

/// One stretch of change: lines [from_begin, from_end) become lines [to_begin, to_end).
struct Hunk {
  Index from_begin = 0, from_end = 0, to_begin = 0, to_end = 0;
};

/// Lines with their newline, so that a last line without one differs from the same line with one.
std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto size = end == std::string_view::npos ? text.size() : end + 1;
    lines.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return lines;
}

/// Myers' O(ND) difference in linear space ("An O(ND) Difference Algorithm and Its Variations", 1986, §4b): finds a point
/// on a shortest edit path by searching from both ends, then solves both halves. Beyond `max_cost_` steps the point that
/// got furthest is taken instead, so that texts that have little in common cost O(N * max_cost_) and not O(N²).
class Comparison {
 public:
  Comparison(const Ids& from, const Ids& to, std::vector<char>& from_changed, std::vector<char>& to_changed)
      : from_(from),
        to_(to),
        from_changed_(from_changed),
        to_changed_(to_changed),
        origin_(static_cast<Index>(to.size()) + 1),
        max_cost_(std::max<Index>(256, static_cast<Index>(std::sqrt(static_cast<double>(from.size() + to.size()))))),
        forward_(from.size() + to.size() + 3),
        backward_(from.size() + to.size() + 3) {}

  void run() {
    std::vector<Box> boxes{{0, size(from_), 0, size(to_)}};
    while (!boxes.empty()) {
      Box box = boxes.back();
      boxes.pop_back();
      trim(box);
      if (box.from_begin == box.from_end || box.to_begin == box.to_end) {
        mark(box);
        continue;
      }
      const auto [x, y] = split(box);
      const bool corner = (x == box.from_begin && y == box.to_begin) || (x == box.from_end && y == box.to_end);
      if (corner) {  // cannot happen after trim(); without progress the loop would never end
        mark(box);
        continue;
      }
      boxes.push_back({x, box.from_end, y, box.to_end});
      boxes.push_back({box.from_begin, x, box.to_begin, y});
    }
  }

 private:
  struct Box {
    Index from_begin, from_end, to_begin, to_end;
  };
  struct Point {
    Index x, y;
  };

  static Index size(const Ids& ids) { return static_cast<Index>(ids.size()); }
  [[nodiscard]] bool same(Index x, Index y) const {
    return from_[static_cast<std::size_t>(x)] == to_[static_cast<std::size_t>(y)];
  }
  Index& forward(Index diagonal) { return forward_[static_cast<std::size_t>(diagonal + origin_)]; }
  Index& backward(Index diagonal) { return backward_[static_cast<std::size_t>(diagonal + origin_)]; }

  void trim(Box& box) const {
    while (box.from_begin < box.from_end && box.to_begin < box.to_end && same(box.from_begin, box.to_begin)) {
      ++box.from_begin;
      ++box.to_begin;
    }
    while (box.from_begin < box.from_end && box.to_begin < box.to_end && same(box.from_end - 1, box.to_end - 1)) {
      --box.from_end;
      --box.to_end;
    }
  }

  void mark(const Box& box) {
    for (Index i = box.from_begin; i < box.from_end; ++i) from_changed_[static_cast<std::size_t>(i)] = 1;
    for (Index i = box.to_begin; i < box.to_end; ++i) to_changed_[static_cast<std::size_t>(i)] = 1;
  }

  /// The diagonals that one direction has reached; widens by one on each side per step, until it meets the box's edge.
  struct Reach {
    Index low, high;
    template <class Guard>
    void widen(Index lowest, Index highest, Guard guard) {
      low > lowest ? guard(--low - 1) : void(++low);
      high < highest ? guard(++high + 1) : void(--high);
    }
    [[nodiscard]] bool has(Index diagonal) const { return low <= diagonal && diagonal <= high; }
  };

  Point split(const Box& box) {
    constexpr Index far_right = std::numeric_limits<Index>::max();
    const Index lowest = box.from_begin - box.to_end;
    const Index highest = box.from_end - box.to_begin;
    const Index start = box.from_begin - box.to_begin;
    const Index finish = box.from_end - box.to_end;
    const bool odd = ((start - finish) & 1) != 0;
    Reach ahead{start, start};
    Reach back{finish, finish};
    forward(start) = box.from_begin;
    backward(finish) = box.from_end;

    for (Index cost = 1;; ++cost) {
      ahead.widen(lowest, highest, [this](Index diagonal) { forward(diagonal) = -1; });
      for (Index d = ahead.high; d >= ahead.low; d -= 2) {
        Index x = std::max(forward(d - 1) + 1, forward(d + 1));
        while (x < box.from_end && x - d < box.to_end && same(x, x - d)) ++x;
        forward(d) = x;
        if (odd && back.has(d) && backward(d) <= x) return {x, x - d};
      }
      back.widen(lowest, highest, [this](Index diagonal) { backward(diagonal) = far_right; });
      for (Index d = back.high; d >= back.low; d -= 2) {
        Index x = std::min(backward(d - 1), backward(d + 1) - 1);
        while (x > box.from_begin && x - d > box.to_begin && same(x - 1, x - d - 1)) --x;
        backward(d) = x;
        if (!odd && ahead.has(d) && x <= forward(d)) return {x, x - d};
      }
      if (cost >= max_cost_) return furthest(box, ahead, back);
    }
  }

  /// The point with the most progress of both directions.
  Point furthest(const Box& box, const Reach& ahead, const Reach& back) {
    Point best_ahead{box.from_begin, box.to_begin};
    for (Index d = ahead.high; d >= ahead.low; d -= 2) {
      Index x = std::min(forward(d), box.from_end);
      Index y = x - d;
      if (y > box.to_end) {
        y = box.to_end;
        x = y + d;
      }
      if (x >= box.from_begin && y >= box.to_begin && x + y > best_ahead.x + best_ahead.y) best_ahead = {x, y};
    }
    Point best_back{box.from_end, box.to_end};
    for (Index d = back.high; d >= back.low; d -= 2) {
      Index x = std::max(backward(d), box.from_begin);
      Index y = x - d;
      if (y < box.to_begin) {
        y = box.to_begin;
        x = y + d;
      }
      if (x <= box.from_end && y <= box.to_end && x + y < best_back.x + best_back.y) best_back = {x, y};
    }
    const Index progress_ahead = best_ahead.x + best_ahead.y - (box.from_begin + box.to_begin);
    const Index progress_back = box.from_end + box.to_end - (best_back.x + best_back.y);
    return progress_ahead >= progress_back ? best_ahead : best_back;
  }

  const Ids& from_;
  const Ids& to_;
  std::vector<char>& from_changed_;
  std::vector<char>& to_changed_;
  Index origin_;
  Index max_cost_;
  std::vector<Index> forward_;
  std::vector<Index> backward_;
};

/// Numbers equal lines equally.
void intern(const std::vector<std::string_view>& from, const std::vector<std::string_view>& to, Ids& from_ids, Ids& to_ids) {
  std::unordered_map<std::string_view, std::uint32_t> numbers;
  numbers.reserve(from.size() + to.size());
  const auto number = [&numbers](const std::vector<std::string_view>& lines, Ids& ids) {
    ids.reserve(lines.size());
    for (const auto line : lines) {
      ids.push_back(numbers.emplace(line, static_cast<std::uint32_t>(numbers.size())).first->second);
    }
  };
  number(from, from_ids);
  number(to, to_ids);
}

/// Marks the changed lines. Lines that the other side does not have at all are changed whatever happens; leaving them out
/// of the search loses nothing and makes the common case of unlike texts cheap.
void mark_changes(const Ids& from, const Ids& to, std::vector<char>& from_changed, std::vector<char>& to_changed) {
  std::uint32_t highest = 0;
  for (const auto id : from) highest = std::max(highest, id);
  for (const auto id : to) highest = std::max(highest, id);
  std::vector<char> in_from(highest + 1, 0);
  std::vector<char> in_to(highest + 1, 0);
  for (const auto id : from) in_from[id] = 1;
  for (const auto id : to) in_to[id] = 1;

  const auto keep_common = [](const Ids& ids, const std::vector<char>& other, std::vector<char>& changed, Ids& kept,
                              std::vector<std::size_t>& places) {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (other[ids[i]] == 0) {
        changed[i] = 1;
      } else {
        kept.push_back(ids[i]);
        places.push_back(i);
      }
    }
  };
  Ids from_kept;
  Ids to_kept;
  std::vector<std::size_t> from_places;
  std::vector<std::size_t> to_places;
  keep_common(from, in_to, from_changed, from_kept, from_places);
  keep_common(to, in_from, to_changed, to_kept, to_places);

  std::vector<char> from_kept_changed(from_kept.size(), 0);
  std::vector<char> to_kept_changed(to_kept.size(), 0);
  Comparison(from_kept, to_kept, from_kept_changed, to_kept_changed).run();
  for (std::size_t i = 0; i < from_kept.size(); ++i) from_changed[from_places[i]] = from_kept_changed[i];
  for (std::size_t i = 0; i < to_kept.size(); ++i) to_changed[to_places[i]] = to_kept_changed[i];
}

std::vector<Hunk> collect_hunks(const std::vector<char>& from_changed, const std::vector<char>& to_changed) {
  std::vector<Hunk> hunks;
  std::size_t x = 0;
  std::size_t y = 0;
  while (x < from_changed.size() || y < to_changed.size()) {
    Hunk hunk{static_cast<Index>(x), 0, static_cast<Index>(y), 0};
    while (x < from_changed.size() && from_changed[x] != 0) ++x;
    while (y < to_changed.size() && to_changed[y] != 0) ++y;
    hunk.from_end = static_cast<Index>(x);
    hunk.to_end = static_cast<Index>(y);
    if (hunk.from_end > hunk.from_begin || hunk.to_end > hunk.to_begin) {
      hunks.push_back(hunk);
    } else {
      ++x;
      ++y;
    }
  }
  return hunks;
}

/// Moves pure insertions and deletions as far down as equal lines allow, so that an added list item is shown from its first
/// line on and not from the middle of its predecessor.
void slide_down(std::vector<Hunk>& hunks, const Ids& from, const Ids& to) {
  std::vector<Hunk> result;  // from the last to the first
  for (auto it = hunks.rbegin(); it != hunks.rend(); ++it) {
    Hunk hunk = *it;
    const Index from_limit = result.empty() ? static_cast<Index>(from.size()) : result.back().from_begin;
    const Index to_limit = result.empty() ? static_cast<Index>(to.size()) : result.back().to_begin;
    const bool insertion = hunk.from_begin == hunk.from_end;
    const bool deletion = hunk.to_begin == hunk.to_end;
    if (insertion || deletion) {
      const Ids& side = insertion ? to : from;
      const auto at = [&side](Index i) { return side[static_cast<std::size_t>(i)]; };
      while (hunk.from_end < from_limit && hunk.to_end < to_limit &&
             at(insertion ? hunk.to_begin : hunk.from_begin) == at(insertion ? hunk.to_end : hunk.from_end)) {
        ++hunk.from_begin;
        ++hunk.from_end;
        ++hunk.to_begin;
        ++hunk.to_end;
      }
    }
    if (!result.empty() && hunk.from_end == from_limit && hunk.to_end == to_limit) {
      result.back().from_begin = hunk.from_begin;
      result.back().to_begin = hunk.to_begin;
    } else {
      result.push_back(hunk);
    }
  }
  hunks.assign(result.rbegin(), result.rend());
}

/// The common head and tail left out, everything between is one change.
std::vector<Hunk> one_block(const std::vector<std::string_view>& from, const std::vector<std::string_view>& to) {
  Hunk hunk{0, static_cast<Index>(from.size()), 0, static_cast<Index>(to.size())};
  const auto line = [](const std::vector<std::string_view>& lines, Index i) { return lines[static_cast<std::size_t>(i)]; };
  while (hunk.from_begin < hunk.from_end && hunk.to_begin < hunk.to_end &&
         line(from, hunk.from_begin) == line(to, hunk.to_begin)) {
    ++hunk.from_begin;
    ++hunk.to_begin;
  }
  while (hunk.from_begin < hunk.from_end && hunk.to_begin < hunk.to_end &&
         line(from, hunk.from_end - 1) == line(to, hunk.to_end - 1)) {
    --hunk.from_end;
    --hunk.to_end;
  }
  return {hunk};
}

void append_line(std::string& out, char mark, std::string_view line) {
  out += mark;
  out += line;
  if (!line.ends_with('\n')) out += "\n\\ No newline at end of file\n";
}

/// `start,count` as diff writes it: the count is left out when it is 1; an empty range names the line before it.
std::string range_text(Index begin, Index end) {
  const Index count = end - begin;
  if (count == 1) return std::to_string(begin + 1);
  return std::to_string(count == 0 ? begin : begin + 1) + ',' + std::to_string(count);
}

void write_unified(std::string& out, const std::vector<Hunk>& hunks, const std::vector<std::string_view>& from,
                   const std::vector<std::string_view>& to, Index context) {
  const auto line = [](const std::vector<std::string_view>& lines, Index i) { return lines[static_cast<std::size_t>(i)]; };
  const auto from_size = static_cast<Index>(from.size());
  std::size_t first = 0;
  while (first < hunks.size()) {
    std::size_t last = first;
    while (last + 1 < hunks.size() && hunks[last + 1].from_begin - hunks[last].from_end <= 2 * context) ++last;
    const Index before = std::min(context, hunks[first].from_begin);
    const Index after = std::min(context, from_size - hunks[last].from_end);
    out += "@@ -" + range_text(hunks[first].from_begin - before, hunks[last].from_end + after) + " +" +
           range_text(hunks[first].to_begin - before, hunks[last].to_end + after) + " @@\n";
    Index at = hunks[first].from_begin - before;
    for (std::size_t i = first; i <= last; ++i) {
      for (; at < hunks[i].from_begin; ++at) append_line(out, ' ', line(from, at));
      for (; at < hunks[i].from_end; ++at) append_line(out, '-', line(from, at));
      for (Index y = hunks[i].to_begin; y < hunks[i].to_end; ++y) append_line(out, '+', line(to, y));
    }
    for (const Index end = hunks[last].from_end + after; at < end; ++at) append_line(out, ' ', line(from, at));
    first = last + 1;
  }
}

}  // namespace

std::string unified_diff(std::string_view from, std::string_view to, const UnifiedDiffOptions& options) {
  if (from == to) return {};
  const auto from_lines = split_lines(from);
  const auto to_lines = split_lines(to);

  std::vector<Hunk> hunks;
  if (from_lines.size() > options.max_lines || to_lines.size() > options.max_lines) {
    hunks = one_block(from_lines, to_lines);
  } else {
    Ids from_ids;
    Ids to_ids;
    intern(from_lines, to_lines, from_ids, to_ids);
    std::vector<char> from_changed(from_ids.size(), 0);
    std::vector<char> to_changed(to_ids.size(), 0);
    mark_changes(from_ids, to_ids, from_changed, to_changed);
    hunks = collect_hunks(from_changed, to_changed);
    slide_down(hunks, from_ids, to_ids);
  }

  std::string out;
  if (!options.from_name.empty() || !options.to_name.empty()) {
    out = "--- " + options.from_name + "\n+++ " + options.to_name + '\n';
  }
  write_unified(out, hunks, from_lines, to_lines, static_cast<Index>(options.context));
  return out;
}

}  // namespace gitopsctl
