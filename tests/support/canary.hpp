#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gitopsctl::support {

/// Values that may be seen nowhere but where they belong, and every way in which they could be written: as they are, cut
/// short, in base64 (both alphabets, wherever in the encoded text they begin), percent-encoded, in hex, and escaped as in
/// JSON, YAML and Go's %q. Looking is thread-safe.
class Canaries {
 public:
  /// `name` stands for it in messages, so that no report of a leak is one. At least 16 bytes, of which the first 12 are in
  /// no other text.
  void add(std::string name, const std::string& value);
  /// What of them `text` holds, as `NAME as SPELLING`: a name at most once.
  [[nodiscard]] std::vector<std::string> found_in(std::string_view text) const;
  /// The same in each file below `directory`, as `FILE: NAME as SPELLING`; directories whose name is among `skipped` are
  /// left out. `files`: how many were read.
  [[nodiscard]] std::vector<std::string> found_in_files(const std::string& directory,
                                                        const std::vector<std::string>& skipped = {},
                                                        std::size_t* files = nullptr) const;

 private:
  struct Spelling {
    std::string name;
    std::string how;
    std::string text;
  };
  std::vector<Spelling> spellings_;
};

/// `text` as it may stand between double quotes in JSON and YAML.
[[nodiscard]] std::string escaped(std::string_view text);

}  // namespace gitopsctl::support
