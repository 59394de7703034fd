#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result/result.hpp"
#include "base/value/value.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::render {

/// Follows values that are known to be secret into what was rendered with them: a password of a Secret that was given as a
/// value may stand in a connection string of a Deployment, where nothing says that it is one.
///
/// Found are values of at least 4 bytes as they are, within a text, escaped as in JSON, in base64 (also of a text around
/// them), and the lines of longer ones; shorter texts where they are the whole value. `true`, `false` and numbers of less
/// than four characters are not looked for, nor what a template made of a value (a hash, a part of it). Not thread-safe.
class SecretTrace {
 public:
  SecretTrace();
  ~SecretTrace();
  SecretTrace(SecretTrace&&) noexcept;
  SecretTrace& operator=(SecretTrace&&) noexcept;

  /// `word` is known to everybody: a value that is just that is not learned from now on.
  void allow(std::string_view word);
  /// Every text and number in `values`, keys excepted.
  void learn(const Value& values);
  void learn_text(std::string_view text);
  /// What an object as the API gives it holds that redact() would hide: the data of a Secret, as it stands and decoded, also
  /// of those in a list.
  void learn_object(const Value& body);

  [[nodiscard]] bool empty() const noexcept;

  /// Where the values stand in `objects`, as paths that hide all of it: too much rather than too little. What is hidden
  /// anyway, as a Secret, is left out. `forbidden` when a value of at least 8 bytes that is no plain word stands where
  /// nothing can be hidden, as in the name of an object.
  [[nodiscard]] Result<std::vector<SensitivePath>> find(const std::vector<Object>& objects) const;

  /// `text`, and all texts of an error, without the values.
  [[nodiscard]] std::string scrub(std::string_view text) const;
  [[nodiscard]] Error scrub(const Error& error) const;

 private:
  struct Known;
  std::unique_ptr<Known> known_;
};

}  // namespace gitopsctl::render
