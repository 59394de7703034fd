#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "base/yaml/event_source.hpp"
#include "base/yaml/key_cache.hpp"
#include "base/yaml/marks.hpp"
#include "base/yaml/scalar.hpp"
#include "base/yaml/yaml.hpp"

namespace gitopsctl::yaml_detail {

/// The Error for a text that is no YAML, with the words and the line number that Go's library would print.
[[nodiscard]] Error syntax_error(const SyntaxError& error, const YamlOptions& options, const std::string& file,
                                 std::string_view text);

/// Turns the events of a stream into values, one document after the other, without recursion.
class TreeBuilder {
 public:
  /// Whose rules decide what a plain scalar is: those of the options' profile, or PyYAML's.
  enum class Scalars : std::uint8_t { profile, python };

  TreeBuilder(std::string_view text, const YamlOptions& options, const std::string& file,
              Scalars scalars = Scalars::profile);

  /// Moves to the next document. False at the end of the stream.
  [[nodiscard]] Result<bool> next_document();
  /// The value of the document that next_document() found, up to and with its end. `marks` may be null.
  [[nodiscard]] Result<Value> document(MarkTable* marks);
  /// Where the document begins, and after document() where its content does.
  [[nodiscard]] Mark document_mark() const noexcept { return document_mark_; }

 private:
  /// What a node is to the node around it.
  enum class Role : std::uint8_t { value, key, merge };
  /// Keys that JSON cannot have; found when decoding, reported with their value.
  enum class KeyState : std::uint8_t { good, bad, null, unsigned_integer };

  struct Frame {
    bool is_map = false;
    bool at_key = true;
    Role role = Role::value;
    KeyState key_state = KeyState::good;
    bool merging = false;     ///< map: the next value belongs to `<<`
    bool merge_list = false;  ///< list: the value of `<<`, so its items are maps
    std::uint32_t base = 0;   ///< index of its first member or item on the stack
    std::uint32_t height = 0;
    std::uint32_t node = MarkTable::none;
    std::int32_t anchor = -1;
    Mark mark;
    Mark key_mark;
    std::uint64_t count_before = 0;
    SharedString key;
    std::uint64_t unsigned_key = 0;
  };

  struct Anchor {
    std::string name;
    Value value;
    bool is_map = false;
    bool open = false;  ///< the node is still being read: an alias to it would contain itself
    bool is_scalar = false;
    bool plain = false;
    std::string text;
    std::string tag;
    std::uint64_t count = 0;  ///< decoding steps of the node, aliases in it expanded
    std::uint32_t height = 0;
  };

  /// A key or a number that JSON does not have.
  struct Impossible {
    Error error;
    bool is_key;
  };

  void reset_document();
  [[nodiscard]] Result<void> handle(const Event& event);
  void scalar(const Event& event);
  [[nodiscard]] Result<void> alias(const Event& event);
  [[nodiscard]] Result<void> start(const Event& event);
  void end();
  void end_map(Frame& frame);
  void attach(Value value, bool is_map, std::uint32_t height, Mark mark, bool from_alias);
  void merge(const Value& value, bool is_map, bool is_merge_list, Mark mark);
  void merge_members(const Value& map);
  void key(std::string_view text, std::string_view tag, bool plain, Mark mark);
  SharedString plain_key(std::string_view text, Frame& frame);
  [[nodiscard]] std::optional<Scalar> tagged(std::string_view text, std::string_view tag, Mark mark, std::string& decoded);
  [[nodiscard]] Value scalar_value(std::string_view text, std::string_view tag, bool plain, Mark mark);
  [[nodiscard]] Scalar resolve(std::string_view text) const;
  [[nodiscard]] Value number(const Scalar& scalar, Mark mark);
  void count(std::uint64_t steps, std::uint64_t from_aliases, Mark mark);
  void sort_members(std::size_t base);
  void check_unique(const Frame& frame);
  std::int32_t define_anchor(const Event& event);
  std::uint32_t add_node(Mark mark);

  void decode_problem(std::string text, Mark mark);
  /// An error that counts only when what it is about is still there when the document ends; returns the name it has in the
  /// tree meanwhile.
  SharedString impossible(Error error, bool is_key);
  [[nodiscard]] Error impossible_key(const Frame& map, const Value& value) const;
  [[nodiscard]] const Impossible* surviving(const Value& value) const;
  [[nodiscard]] Error problem(std::string text, Mark mark, ErrorCode code = ErrorCode::invalid_input) const;
  /// A piece of the text for a message, or nothing when messages quote none.
  [[nodiscard]] std::string quoted(std::string piece) const;

  std::string_view text_;
  const YamlOptions& options_;
  const std::string& file_;
  Scalars scalars_;
  EventSource source_;
  KeyCache keys_;
  MarkTable* marks_ = nullptr;
  bool check_duplicates_;

  std::vector<Frame> frames_;
  std::vector<Value::Member> members_;
  std::vector<Value> items_;
  std::vector<Mark> member_marks_;  ///< beside members_, when duplicates are looked for
  std::vector<Anchor> anchors_;
  std::unordered_map<std::string, std::int32_t> anchor_names_;
  Value root_;
  bool have_root_ = false;
  Mark document_mark_;
  std::uint64_t decode_count_ = 0;
  std::uint64_t alias_count_ = 0;
  // Go reads a document to its end before it decodes, decodes it before it converts it to JSON, and then writes that: so an
  // error of an earlier stage hides those of the later ones, wherever they stand.
  std::optional<Error> decode_error_;
  std::vector<Impossible> impossible_;
  std::vector<Error> duplicates_;
};

}  // namespace gitopsctl::yaml_detail
