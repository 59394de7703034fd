#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/value/value.hpp"
#include "base/yaml/events.hpp"
#include "base/yaml/yaml.hpp"

namespace gitopsctl::yaml_detail {

/// The places of the nodes of one document, filled while it is read. Node 0 is the root.
class MarkTable final : public YamlMarks {
 public:
  static constexpr std::uint32_t none = 0xFFFF'FFFFU;

  explicit MarkTable(std::string file) : file_(std::move(file)) {}

  /// A node below `parent`; `key_mark` is where its key stands (where the item begins, for list items). Returns `none` for
  /// nodes below `none`: what aliases and merges bring in has no place of its own.
  std::uint32_t add(std::uint32_t parent, SharedString key, Mark key_mark, Mark value_mark);
  /// Makes the table ready for look-ups, after the last add().
  void seal();

  [[nodiscard]] Location value(std::string_view pointer) const override;
  [[nodiscard]] Location key(std::string_view pointer) const override;

 private:
  struct Node {
    std::uint32_t parent;
    SharedString key;
    Mark key_mark;
    Mark value_mark;
  };
  struct Found {
    const Node* node;
    bool whole;  ///< the pointer was followed to its end
  };
  [[nodiscard]] Found find(std::string_view pointer) const;
  [[nodiscard]] Location place(Mark mark) const { return {file_, mark.line + 1, mark.column + 1}; }

  std::string file_;
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> by_parent_and_key_;
};

}  // namespace gitopsctl::yaml_detail
