#include <string>
#include <utility>

#include "base/crypto/digest.hpp"
#include "base/text/unicode.hpp"
#include "render/functions/arguments.hpp"
#include "render/functions/functions.hpp"
#include "render/functions/random_source.hpp"

namespace gitopsctl::render {
namespace {

using enum ParamType;

/// Random passwords are short; this bounds the time of one call.
constexpr std::int64_t max_random_characters = 1'000'000;

constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::string_view digits = "0123456789";
constexpr std::string_view alphanumerics = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

Result<Value> too_many() {
  return Error(ErrorCode::too_large, "more than " + std::to_string(max_random_characters) + " random characters asked for");
}

/// A negative count gives "" as upstream does, which drops that error.
template <const std::string_view& alphabet>
Result<Value> random_text(CallContext& context, Arguments arguments) {
  const auto count = arguments[0].as_int();
  if (count > max_random_characters) return too_many();
  RandomSource random(context);
  std::string out;
  for (std::int64_t i = 0; i < count; ++i) out += alphabet[random.below(alphabet.size())];
  return Value::string(out);
}

/// Printable ASCII.
Result<Value> random_ascii(CallContext& context, Arguments arguments) {
  const auto count = arguments[0].as_int();
  if (count > max_random_characters) return too_many();
  RandomSource random(context);
  std::string out;
  for (std::int64_t i = 0; i < count; ++i) out += static_cast<char>(' ' + random.below(95));
  return Value::string(out);
}

Result<Value> random_bytes(CallContext& context, Arguments arguments) {
  const auto count = arguments[0].as_int();
  if (count < 0) return failure("runtime error: makeslice: len out of range");
  if (count > max_random_characters) return too_many();
  return Value::string(base64_encode(RandomSource(context).bytes(static_cast<std::size_t>(count))));
}

Result<Value> random_int(CallContext& context, Arguments arguments) {
  const auto low = arguments[0].as_int();
  const auto width =
      static_cast<std::int64_t>(static_cast<std::uint64_t>(arguments[1].as_int()) - static_cast<std::uint64_t>(low));
  if (width <= 0) return failure("invalid argument to Intn");
  const auto drawn = RandomSource(context).below(static_cast<std::uint64_t>(width));
  return Value::go_int(static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + drawn));
}

/// RFC 9562, version 4.
Result<Value> uuidv4(CallContext& context, Arguments /*arguments*/) {
  std::string bytes = RandomSource(context).bytes(16);
  bytes[6] = static_cast<char>((static_cast<unsigned char>(bytes[6]) & 0x0FU) | 0x40U);
  bytes[8] = static_cast<char>((static_cast<unsigned char>(bytes[8]) & 0x3FU) | 0x80U);
  std::string text = hex_encode(bytes);
  for (const std::size_t at : {20, 16, 12, 8}) text.insert(at, "-");
  return Value::string(text);
}

/// The characters of a text in random order (Fisher-Yates).
Result<Value> shuffle(CallContext& context, Arguments arguments) {
  auto runes = to_runes(arguments[0].as_string());
  if (runes.size() > static_cast<std::size_t>(max_random_characters)) return too_many();
  RandomSource random(context);
  for (std::size_t i = runes.size(); i > 1; --i) std::swap(runes[i - 1], runes[random.below(i)]);
  return Value::string(from_runes(runes));
}

constexpr Function table[] = {
    {"randAlphaNum", random_text<alphanumerics>, params<integer>, false, false},
    {"randAlpha", random_text<letters>, params<integer>, false, false},
    {"randNumeric", random_text<digits>, params<integer>, false, false},
    {"randAscii", random_ascii, params<integer>, false, false},
    {"randBytes", random_bytes, params<integer>, false, false},
    {"randInt", random_int, params<integer, integer>, false, false},
    {"uuidv4", uuidv4, params<>, false, false},
    {"shuffle", shuffle, params<string>, false, false},
};

}  // namespace

std::span<const Function> random_functions() { return table; }

}  // namespace gitopsctl::render
