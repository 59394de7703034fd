#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "render/template/function.hpp"

namespace gitopsctl::render {

namespace detail {
struct ParsedFile;
struct TemplateBody;
struct NameSpace;
}  // namespace detail

/// The functions of Go's text/template: and or not eq ne lt le gt ge index slice len print printf println html js
/// urlquery call. Static; thread-safe.
[[nodiscard]] std::span<const Function> builtin_functions() noexcept;

/// The functions that need the engine itself: include tpl required fail lookup getHostByName. Static; thread-safe.
[[nodiscard]] std::span<const Function> engine_functions() noexcept;

/// One name space of templates. Files are added one after the other (a later definition replaces an earlier one, unless
/// the new body is empty and there is an old one); then the set is only read. Syntax trees are immutable and kept in a
/// bounded process-wide cache keyed by content, name and function table.
/// Thread-safety: const calls may run on several threads; add() may not run beside anything else.
class TemplateSet {
 public:
  /// `functions` must outlive the set; they are looked up while parsing.
  explicit TemplateSet(const FunctionTable& functions);
  ~TemplateSet();
  TemplateSet(TemplateSet&&) noexcept;
  TemplateSet& operator=(TemplateSet&&) noexcept;

  /// Parses `text` as the file `name` and adds what it defines. An error is `invalid_input` at FILE:LINE with Go's text
  /// `template: FILE:LINE: message` (see helm_parse_error_text); nothing is added then.
  Result<void> add(const std::string& name, const SharedString& text);
  /// The same for a text that is not shared yet: copies it.
  Result<void> add(const std::string& name, std::string_view text);

  [[nodiscard]] bool contains(std::string_view name) const noexcept;
  /// All names in bytewise order.
  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] const FunctionTable& functions() const noexcept { return *functions_; }

 private:
  friend class Evaluator;
  const FunctionTable* functions_;
  std::unique_ptr<detail::NameSpace> names_;
};

/// Runs `work` on a thread with a stack of 64 MiB and waits for it. Evaluator::execute does so by itself; whoever executes
/// many templates wraps the whole loop once, because a nested call stays on the thread it is on. What `work` throws (memory
/// can run out) comes out of this call.
void run_with_large_stack(const std::function<void()>& work);

/// Limits of the cache of syntax trees; the defaults hold some hundred charts.
struct ParseCacheLimits {
  std::size_t max_entries = 4096;
  std::size_t max_text_bytes = 64U << 20U;
};
/// Changes the bounds of the process-wide cache and drops what does not fit any more. Thread-safe.
void set_parse_cache_limits(const ParseCacheLimits& limits);
/// Drops what was used longest ago until templates of at most about `max_text_bytes` are left, for who will not render for a
/// while: a syntax tree takes several times its text. The limits stay. Thread-safe.
void shrink_parse_cache(std::size_t max_text_bytes);
/// How many bytes of templates the cache knows at the moment. Thread-safe.
[[nodiscard]] std::size_t parse_cache_bytes();

}  // namespace gitopsctl::render
