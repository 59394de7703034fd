#include "invoke-compat/expression/secrets.hpp"

#include <algorithm>

#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "base/text/escape.hpp"
#include "base/text/unicode.hpp"
#include "invoke-compat/expression/printing.hpp"

namespace gitopsctl::invoke {

namespace {

// As in base/log: what is shorter is part of ordinary words.
constexpr std::size_t shortest_value = 4;
constexpr std::size_t shortest_line = 6;
constexpr std::string_view mark = "[redacted]";

void add(std::vector<std::string>& forms, std::string form, std::size_t shortest) {
  if (form.size() < shortest || std::find(forms.begin(), forms.end(), form) != forms.end()) return;
  forms.push_back(std::move(form));
}

/// Without the quotes at both ends.
std::string inside(const std::string& quoted) { return quoted.size() < 2 ? quoted : quoted.substr(1, quoted.size() - 2); }

void add_forms(std::vector<std::string>& forms, std::string_view value) {
  add(forms, std::string(value), shortest_value);
  add(forms, std::string(trim_space(value)), shortest_value);
  std::string_view rest = value;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    add(forms, std::string(trim_space(rest.substr(0, end))), shortest_line);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  if (value.size() < shortest_value) return;
  if (const auto word = shell_word(value); word.ok() && word->starts_with('\'')) add(forms, inside(*word), shortest_value);
  for (const bool escape_html : {true, false}) {
    const auto json = to_json(Value::string(value), {.escape_html = escape_html});
    if (json.ok()) add(forms, inside(*json), shortest_value);
  }
  add(forms, base64_encode(value), shortest_value);
}

}  // namespace

Result<std::string> Secrets::get(const SecretQuestion& question) {
  if (!resolver_) {
    return Error(ErrorCode::unsupported, "there is nobody to ask for the secret '" + terminal_safe(question.name) + "'");
  }
  GITOPSCTL_TRY(std::string value, resolver_(question));
  remember(value);
  return value;
}

void Secrets::remember(std::string_view value) {
  const std::scoped_lock lock(mutex_);
  if (std::find(forms_.begin(), forms_.end(), value) != forms_.end()) return;
  add_forms(forms_, value);
  std::stable_sort(forms_.begin(), forms_.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

std::vector<std::string> Secrets::forms() const {
  const std::scoped_lock lock(mutex_);
  return forms_;
}

std::string Secrets::mask(std::string_view text) const {
  const auto looked_for = forms();
  std::string out(text);
  for (const auto& form : looked_for) {
    std::size_t at = out.find(form);
    if (at == std::string::npos) continue;
    std::string masked;
    std::size_t from = 0;
    for (; at != std::string::npos; at = out.find(form, from)) {
      masked.append(out, from, at - from).append(mark);
      from = at + form.size();
    }
    masked.append(out, from);
    out = std::move(masked);
  }
  return out;
}

}  // namespace gitopsctl::invoke
