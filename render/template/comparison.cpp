#include "render/template/comparison.hpp"

#include <cstdint>
#include <string>

#include "base/text/go_format.hpp"
#include "render/template/evaluator.hpp"

namespace gitopsctl::render::detail {
namespace {

Error failure(std::string message) { return {ErrorCode::invalid_input, std::move(message)}; }

enum class Basic : std::uint8_t { none, boolean, complex, integer, floating, string };

/// An operand sorted into Go's families of comparable types. Signed and unsigned integers compare with each other.
struct Comparable {
  Basic family = Basic::none;
  std::int64_t integer = 0;
};

Comparable classify(const Value& value) {
  switch (value.kind()) {
    case Kind::boolean: return {Basic::boolean};
    case Kind::integer:
    case Kind::int64:
    case Kind::uint8: return {Basic::integer, value.as_int()};
    case Kind::float64: return {Basic::floating};
    case Kind::string: return {Basic::string};
    case Kind::object: {
      const ValueObject& object = *value.as_object();
      if (object.go_kind() == "complex128") return {Basic::complex};
      if (object.go_kind() == "string") return {Basic::string};
      if (object.go_kind() != "int64") return {};
      const Value plain = object.to_plain();
      return plain.is_int() ? Comparable{Basic::integer, plain.as_int()} : Comparable{};
    }
    default: return {};
  }
}

std::string text_of(const Value& value) {
  return value.is_object() ? value.as_object()->format() : std::string(value.as_string());
}

Error incompatible(CallContext& context, const Value& a, const Value& b) {
  std::string message = "incompatible types for comparison";
  if (context.evaluator.options().go >= GoRelease::go_1_25) {
    message += ": " + std::string(go_type_name(a)) + " and " + std::string(go_type_name(b));
  }
  return failure(std::move(message));
}

bool is_nil(const Value& value) { return value.is_nothing() || value.is_nil_container(); }

/// Values of no basic type: only nil can be compared with everything.
Result<bool> other_equal(const Value& a, const Value& b) {
  const auto shown = [](const Value& value) { return go_sprintf("%s", std::span(&value, 1)); };
  if (!a.is_nothing() && !b.is_nothing() && go_kind_name(a) != go_kind_name(b)) {
    return failure("non-comparable types " + shown(a) + ": " + std::string(go_type_name(a)) + ", " +
                   std::string(go_type_name(b)) + ": " + go_format(b));
  }
  if (is_nil(a) || is_nil(b)) return is_nil(a) == is_nil(b);
  if (!b.is_object()) return failure("non-comparable type " + shown(b) + ": " + std::string(go_type_name(b)));
  if (b.as_object()->go_kind() == "ptr") return a.as_object() == b.as_object();
  return deep_equal(a, b);
}

Result<bool> equal(CallContext& context, const Value& a, const Value& b) {
  const Comparable x = classify(a);
  const Comparable y = classify(b);
  if (x.family != y.family) {
    if (!a.is_nothing() && !b.is_nothing()) return incompatible(context, a, b);
    return false;
  }
  switch (x.family) {
    case Basic::boolean: return a.as_bool() == b.as_bool();
    case Basic::integer: return x.integer == y.integer;
    case Basic::floating: return a.as_double() == b.as_double();
    case Basic::complex:
    case Basic::string: return text_of(a) == text_of(b);
    case Basic::none: break;
  }
  return other_equal(a, b);
}

Result<bool> less(CallContext& context, const Value& a, const Value& b) {
  const Comparable x = classify(a);
  const Comparable y = classify(b);
  if (x.family == Basic::none || y.family == Basic::none) return failure("invalid type for comparison");
  if (x.family != y.family) return incompatible(context, a, b);
  switch (x.family) {
    case Basic::integer: return x.integer < y.integer;
    case Basic::floating: return a.as_double() < b.as_double();
    case Basic::string: return text_of(a) < text_of(b);
    default: return failure("invalid type for comparison");
  }
}

Result<bool> less_or_equal(CallContext& context, const Value& a, const Value& b) {
  GITOPSCTL_TRY(const bool smaller, less(context, a, b));
  if (smaller) return true;
  return equal(context, a, b);
}

Result<Value> answer(const Result<bool>& result, bool wanted = true) {
  if (!result.ok()) return result.error();
  return Value::boolean(*result == wanted);
}

}  // namespace

Result<Value> compare_eq(CallContext& context, std::span<const Value> arguments) {
  if (arguments.size() < 2) return failure("missing argument for comparison");
  for (const auto& other : arguments.subspan(1)) {
    GITOPSCTL_TRY(const bool same, equal(context, arguments[0], other));
    if (same) return Value::boolean(true);
  }
  return Value::boolean(false);
}

Result<Value> compare_ne(CallContext& context, std::span<const Value> arguments) {
  return answer(equal(context, arguments[0], arguments[1]), false);
}

Result<Value> compare_lt(CallContext& context, std::span<const Value> arguments) {
  return answer(less(context, arguments[0], arguments[1]));
}

Result<Value> compare_le(CallContext& context, std::span<const Value> arguments) {
  return answer(less_or_equal(context, arguments[0], arguments[1]));
}

// Go defines "greater" as "not less or equal", which NaN can tell from the usual meaning.
Result<Value> compare_gt(CallContext& context, std::span<const Value> arguments) {
  return answer(less_or_equal(context, arguments[0], arguments[1]), false);
}

Result<Value> compare_ge(CallContext& context, std::span<const Value> arguments) {
  return answer(less(context, arguments[0], arguments[1]), false);
}

}  // namespace gitopsctl::render::detail
