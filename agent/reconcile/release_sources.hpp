#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/environment/environment.hpp"
#include "base/result/result.hpp"
#include "base/time/clock.hpp"
#include "base/value/value.hpp"
#include "channels/model/channel.hpp"
#include "render/inputs/inputs.hpp"
#include "render/manifest/secret_trace.hpp"

namespace gitopsctl::agent {

/// Environment::look_up(), or what stands in for it. Thread-safe.
using SourceLookUp = std::function<Result<Value>(const render::LookupQuestion& question, const Interrupt& interrupt)>;

/// How a render may get what stands in the environment.
struct SourceAccess {
  SourceLookUp ask;                          ///< empty: not at all
  std::vector<std::string> namespaces = {};  ///< whose objects may hold values of releases; empty: all
  Interrupt interrupt = {};
};

/// Those of a channel that lands in `environment`, which must outlive it, with the namespaces that its binding allows.
[[nodiscard]] SourceAccess sources_in(Environment& environment, std::vector<std::string> namespaces);

/// One thing that a render read of the environment, without what it was.
struct SourceRead {
  render::LookupQuestion question;
  std::string key;     ///< of the object's data; empty: all that was answered
  std::string digest;  ///< as channels::SourceRecord has it
  std::string source;  ///< the same: a template may have looked up what is called as a secret is
};

[[nodiscard]] std::vector<channels::SourceRecord> records_of(const std::vector<SourceRead>& reads);
/// True when all of `reads` would be read again as they were; false also when that cannot be told.
[[nodiscard]] bool unchanged(const std::vector<SourceRead>& reads, const std::string& installation_key,
                             const SourceAccess& access);

/// What one render reads of the environment: values (`valuesFrom`) before it, and objects that templates look up, in rounds:
/// what a round lacks is found, and the next one is given it. Every object is asked for once, so that a render sees one
/// state of it. Not thread-safe; `release`, the key and `access` must outlive it.
class ReleaseSources {
 public:
  static constexpr std::size_t max_value_bytes = 1U << 20U;   ///< of one entry of valuesFrom
  static constexpr std::size_t max_lookups = 100;             ///< different ones of one render
  static constexpr std::size_t max_lookup_bytes = 4U << 20U;  ///< of all answers, as JSON
  static constexpr unsigned max_rounds = 10;                  ///< of finding what is lacking

  ReleaseSources(const channels::Release& release, const std::string& installation_key, const SourceAccess& access);

  /// The values that the release takes from objects, in order. Errors stand where the channel file names the object, and
  /// quote nothing of it.
  [[nodiscard]] Result<std::vector<render::GivenValues>> values();

  /// For RenderInputs::lookup; empty when lookups find nothing. Valid as long as this object.
  [[nodiscard]] render::Lookup lookup();
  /// To be called before each render with lookup().
  void begin_round();
  /// True when the last render was given less than there may be.
  [[nodiscard]] bool lacks() const noexcept { return !missing_.empty(); }
  /// Finds what the last render lacked. What is refused is an answer to that one question, of which the next render decides
  /// whether it is asked; an error means that nobody answers.
  Result<void> find_missing();
  /// Why a lookup of the last render failed, which says more than the render's own error; nothing when none did.
  [[nodiscard]] std::optional<Error> refused() const;

  /// What was read, as far as the last render used it.
  [[nodiscard]] std::vector<SourceRead> reads() const;
  /// The secrets among it.
  [[nodiscard]] const render::SecretTrace& secrets() const noexcept { return secrets_; }

 private:
  [[nodiscard]] Result<Value> ask(const render::LookupQuestion& question);
  [[nodiscard]] Result<std::optional<std::string>> read_key(const channels::ValuesSource& source,
                                                            const render::LookupQuestion& question);

  const channels::Release& release_;
  const std::string& key_;
  const SourceAccess& access_;
  render::SecretTrace secrets_;
  std::vector<SourceRead> values_read_;
  std::map<render::LookupQuestion, Result<Value>> answers_;
  std::set<render::LookupQuestion> missing_;
  std::set<render::LookupQuestion> used_;  ///< by the last render
  std::size_t answered_bytes_ = 0;
};

}  // namespace gitopsctl::agent
