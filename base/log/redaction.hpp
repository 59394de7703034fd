#pragma once

#include <string>
#include <string_view>

/// The last net under everything that leaves the program as text: values that were registered here are taken out of log
/// lines and of whatever passes redact(). It comes after the rules that keep secrets out of texts in the first place, not
/// instead of them.
namespace gitopsctl::log {

/// From now on `value`, its base64 form and each of its lines of at least 6 characters are replaced by `[redacted]`.
/// A value shorter than 4 characters is not registered (it would blot out ordinary words); returns false then.
/// Registering again costs a look-up. Thread-safe.
bool register_secret(std::string_view value);

/// Takes back what register_secret(`value`) added, for one that means nothing any more (a token that ended): a program that
/// runs for years must not look for all it ever had. Of two registered values that share a line the other one loses it, too.
void forget_secret(std::string_view value);

/// `text` without registered values. Thread-safe; when none is registered it costs one atomic read and a copy.
[[nodiscard]] std::string redact(std::string_view text);

/// Forgets all of them. For tests.
void forget_secrets();

}  // namespace gitopsctl::log
