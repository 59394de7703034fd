#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result/result.hpp"
#include "base/text/go_release.hpp"
#include "base/time/clock.hpp"
#include "base/value/value.hpp"
#include "render/template/engine.hpp"
#include "render/template/error.hpp"

namespace gitopsctl::render {

/// The inputs of a render beyond templates and data, as functions see them. Implemented by whoever drives the engine
/// (render/helm). Called on the thread that evaluates, never concurrently for one evaluator; the references must outlive
/// it. Nothing here may read the clock, the network or the environment: a render is a function of recorded inputs.
class RenderContext {
 public:
  RenderContext() = default;
  RenderContext(const RenderContext&) = delete;
  RenderContext& operator=(const RenderContext&) = delete;
  virtual ~RenderContext() = default;

  /// What `now` answers.
  [[nodiscard]] virtual TimePoint now() const = 0;
  /// `count` bytes for random functions, keys and certificates. The implementation decides where they come from: the
  /// system, or a generator keyed by seed, `site` (the file being rendered, Evaluator::current_file) and the ordinal of
  /// the call.
  [[nodiscard]] virtual std::string random_bytes(std::string_view site, std::size_t count) = 0;
  /// Lint mode: `required` and `fail` warn and go on with "".
  [[nodiscard]] virtual bool lint() const { return false; }
  /// `lookup`: an object, a list, or an empty map when there is nothing (always without a snapshot of the cluster).
  [[nodiscard]] virtual Result<Value> lookup(std::string_view api_version, std::string_view kind,
                                             std::string_view namespace_, std::string_view name);
  /// `getHostByName`: "" unless the caller allowed name resolution and recorded the answer.
  [[nodiscard]] virtual std::string host_by_name(std::string_view name);
  /// A method of a named map type (MapType::values, MapType::files): `.Values.AsMap`, `.Files.Get "x"`. Returns nothing
  /// when the type has no method of that name; then the name is looked up as a key. Methods win over keys. Arguments are
  /// evaluated as `interface {}`; an error becomes `error calling NAME: MESSAGE`.
  /// In a MapType::files map the members are strings holding the bytes; the evaluator hands them out as `[]uint8` lists.
  [[nodiscard]] virtual std::optional<Result<Value>> map_method(const Value& receiver, std::string_view name,
                                                                std::span<const Value> arguments);
  /// True when map_method knows `name` for that type; asked before the arguments are evaluated.
  [[nodiscard]] virtual bool has_map_method(MapType type, std::string_view name) const;
  /// A line for the user that does not stop the render.
  virtual void warn(std::string_view message);
};

/// What a missing key of a map yields (Go's option `missingkey`).
enum class MissingKey : std::uint8_t {
  zero,     ///< nil interface (`""` in a map of strings): Helm
  invalid,  ///< nothing at all: Go's default
  error,    ///< an error: strict mode of `helm lint`
};

/// Bounds of one evaluator, over all its calls. Passing one is a `too_large` error of the template that did.
struct EvaluatorLimits {
  std::uint64_t max_output_bytes = 256ULL << 20U;  ///< text written in total, nested includes counted
  std::uint64_t max_steps = 50'000'000;            ///< nodes walked and loop turns
  std::uint32_t max_include_depth = 1000;          ///< nested re-entries of one name (Helm's number)
  std::uint32_t max_template_depth = 100'000;      ///< nested `template` actions (Go's number); the stack may end earlier
  /// Of the budget of the thread, which is the caller's (run_bounded); here for the words of errors.
  std::uint64_t memory_bytes = 256ULL << 20U;
  std::chrono::milliseconds cpu_time{8'000};
};

struct EvaluatorOptions {
  MissingKey missing_key = MissingKey::zero;
  /// Plain Go: the text `<no value>` stays in results. Helm removes it from every file and every `tpl`.
  bool keep_no_value = false;
  GoRelease go = GoRelease::go_1_27;  ///< of the program whose texts are imitated
  bool quotes_constraints = true;     ///< `semverCompare` quotes a constraint that is none
  bool short_floats_in_toml = true;   ///< `toToml` writes 1e+06 instead of 1000000.0
  /// False: errors of functions and of `range` leave out the values that Go quotes. What `fail` and `required` say stays.
  bool quote_content = true;
  EvaluatorLimits limits;
};

/// Executes templates of one set, one render at a time: values are shared by reference between all files of a render and
/// change order is observable, so one evaluator lives as long as one render. Not thread-safe.
///
/// Execution recurses on a stack of its own (run_with_large_stack); a template that needs more fails with Go's
/// `exceeded maximum template depth (100000)`.
class Evaluator {
 public:
  /// `templates` and `context` must outlive the evaluator; `templates` must not change while it lives.
  Evaluator(const TemplateSet& templates, RenderContext& context, EvaluatorOptions options = {});
  ~Evaluator();
  Evaluator(const Evaluator&) = delete;
  Evaluator& operator=(const Evaluator&) = delete;

  /// The text of the template `name` for `data`: one file of a render. On an error the message is Go's whole text, the
  /// place is that of the innermost failing node that stands in a file, and last_failure() has the structured form.
  Result<std::string> execute(std::string_view name, const Value& data);

  /// What `include` does. To be called from a function body; its errors pass through unchanged.
  Result<Value> include(std::string_view name, const Value& data);
  /// What `tpl` does: definitions inside `text` are visible to what it calls, and gone afterwards.
  Result<Value> tpl(std::string_view text, const Value& data);

  /// The failure of the last execute() that returned an error; empty after a success.
  [[nodiscard]] const TemplateFailure& last_failure() const noexcept;

  [[nodiscard]] RenderContext& context() noexcept;
  [[nodiscard]] const EvaluatorOptions& options() const noexcept;
  /// The name given to the running execute(); the site of random functions.
  [[nodiscard]] std::string_view current_file() const noexcept;

  /// Counts `count` steps of work done by a function (loops of a large `until`, …); an error when the limit is passed.
  Result<void> spend(std::uint64_t count);
  /// The Error that `required` and `fail` return: shown as `execution error at (FILE:LINE:COL): MESSAGE`.
  Error assertion(std::string_view message);

  /// To be called by functions that change a map or list in place (`set`, `merge`, …) with the changed container. Cycles
  /// made that way would never be freed by reference counts: the destructor, or release_cycles(), cuts them.
  void note_mutation(const Value& container);
  /// Cuts the reference cycles among the containers noted so far (the member that closes a cycle becomes null). To be
  /// called when nobody reads the values any more.
  void release_cycles();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gitopsctl::render
