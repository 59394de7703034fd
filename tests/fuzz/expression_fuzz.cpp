// Expressions stand in files of a repository, and the values that they put into commands come from anywhere. No text may
// crash the parser or take long; and wherever it lets a value stand in a command, it is one word of the shell. The first
// byte chooses what the text is.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "invoke-compat/expression/printing.hpp"
#include "invoke-compat/expression/template.hpp"

using namespace gitopsctl;
using namespace gitopsctl::invoke;

namespace {

void must(bool condition) {
  if (!condition) std::abort();
}

Scope scope(Secrets& secrets) {
  Scope out;
  out.args = make_map({{"a", Value::string("x y")}, {"n", Value::int64(3)}, {"t", Value::boolean(true)}});
  out.args.set("l", Value::list({Value::string("it's"), Value(), Value::float64(0.5)}));
  out.config = make_map({{"m", make_map({{"k", Value::string("$(v)")}})}, {"none", Value()}});
  out.env = make_map({{"CI", Value::string("true")}});
  out.remainder = Value::list({Value::string("--x")});
  out.steps = make_map({{"s", make_map({{"stdout", Value::string("one\ntwo\n")}, {"exited", Value::int64(1)}})}});
  out.secrets = &secrets;
  return out;
}

void told(const Error& error) {
  must(!error.message().empty());
  must(error.message().find("column ") != std::string::npos || error.code() == ErrorCode::too_large);
}

void check_template(std::string_view text, Template::Use use, const Scope& scope) {
  const auto parsed = Template::parse(text, use);
  if (!parsed.ok()) return told(parsed.error());
  must(parsed->text() == text);
  const auto once = parsed->render(scope);
  if (!once.ok()) return told(once.error());
  must(once->size() <= max_result_bytes);
  // The same scope, the same text.
  must(parsed->render(scope).value() == *once);
  if (parsed->is_literal()) must(*once == text && parsed->usage().references.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 8192) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  Secrets secrets([](const SecretQuestion& question) -> Result<std::string> {
    if (question.name.empty()) return Error(ErrorCode::not_found, "no such secret");
    return "value of " + question.name;
  });
  const Scope names = scope(secrets);
  switch (data[0] % 4) {
    case 0: check_template(text, Template::Use::literal, names); break;
    case 1: check_template(text, Template::Use::command, names); break;
    case 2: {
      const auto parsed = Expression::parse(text);
      if (!parsed.ok()) {
        told(parsed.error());
        break;
      }
      const auto value = parsed->evaluate(names);
      const auto truth = parsed->truth(names);
      if (!value.ok()) told(value.error());
      if (value.ok()) must(truth.ok() && *truth == holds(*value));
      break;
    }
    default: {
      secrets.remember(text);
      const std::string masked = secrets.mask("before " + std::string(text) + " behind");
      must(text.size() < 4 || masked.find("[redacted]") != std::string::npos);
      const auto word = shell_word(text);
      must(word.ok() == (text.find('\0') == std::string_view::npos));
    }
  }
  return 0;
}
