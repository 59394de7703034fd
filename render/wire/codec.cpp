#include "render/wire/codec.hpp"

#include <utility>
#include <vector>

#include "render/wire/messages.hpp"

namespace gitopsctl::render::wire {

namespace {

// Mistakes of one input lie beside each other, not below.
constexpr int max_error_levels = 4;
constexpr std::uint8_t too_deep = 0xFF;

void write_error(Writer& out, const Error& error, int level) {
  out.byte(static_cast<std::uint8_t>(error.code()));
  out.text(error.message());
  out.text(error.where().file);
  out.integer(error.where().line);
  out.integer(error.where().column);
  out.text(error.hint());
  out.number(error.trail().size());
  for (const auto& step : error.trail()) out.text(step);
  const bool with_others = level < max_error_levels;
  out.number(with_others ? error.others().size() : 0);
  if (!with_others) return;
  for (const auto& other : error.others()) write_error(out, other, level + 1);
}

int read_position(Reader& in) {
  const auto value = in.integer();
  if (value >= 0 && value <= INT32_MAX) return static_cast<int>(value);
  in.fail();
  return 0;
}

Error read_error_at(Reader& in, int level) {
  const auto code = static_cast<ErrorCode>(in.number_up_to(static_cast<std::uint64_t>(ErrorCode::internal)));
  Error error(code, std::string(in.text()));
  Location where;
  where.file = in.text();
  where.line = read_position(in);
  where.column = read_position(in);
  error = error.at(std::move(where));
  if (const auto hint = in.text(); !hint.empty()) error = error.with_hint(std::string(hint));
  std::vector<std::string> trail(in.count());
  for (auto& step : trail) step = in.text();
  for (auto step = trail.rbegin(); step != trail.rend(); ++step) error = error.in(std::move(*step));
  std::vector<Error> others;
  for (auto left = in.count(8); left > 0 && in.ok(); --left) {
    if (level == max_error_levels) {
      in.fail();
      break;
    }
    others.push_back(read_error_at(in, level + 1));
  }
  if (!others.empty()) error = error.also(std::move(others));
  return error;
}

void write_value(Writer& out, const Value& value, int level) {
  if (level > max_levels) {
    out.byte(too_deep);
    return;
  }
  if (value.is_object()) {
    write_value(out, value.as_object()->to_plain(), level + 1);
    return;
  }
  out.byte(static_cast<std::uint8_t>(value.kind()));
  switch (value.kind()) {
    case Kind::boolean: out.boolean(value.as_bool()); break;
    case Kind::integer:
    case Kind::int64:
    case Kind::uint8: out.integer(value.as_int()); break;
    case Kind::float64: out.real(value.as_double()); break;
    case Kind::string: out.text(value.as_string()); break;
    case Kind::list:
      out.byte(static_cast<std::uint8_t>(value.list_type()));
      out.boolean(value.is_nil_container());
      if (value.is_nil_container()) break;
      out.number(value.as_list().size());
      for (const auto& item : value.as_list()) write_value(out, item, level + 1);
      break;
    case Kind::map:
      out.byte(static_cast<std::uint8_t>(value.map_type()));
      out.boolean(value.is_nil_container());
      if (value.is_nil_container()) break;
      out.number(value.as_map().size());
      for (const auto& member : value.as_map()) {
        out.text(member.key.view());
        write_value(out, member.value, level + 1);
      }
      break;
    case Kind::absent:
    case Kind::null:
    case Kind::object: break;
  }
}

Value read_value_at(Reader& in, int level);

Value read_list(Reader& in, int level) {
  const auto type = static_cast<ListType>(in.number_up_to(static_cast<std::uint64_t>(ListType::list)));
  if (in.boolean()) return Value::nil_list(type);
  Value::List items;
  for (auto left = in.count(); left > 0 && in.ok(); --left) items.push_back(read_value_at(in, level + 1));
  return Value::list(std::move(items), type);
}

Value read_map(Reader& in, int level) {
  const auto type = static_cast<MapType>(in.number_up_to(static_cast<std::uint64_t>(MapType::files)));
  if (in.boolean()) return Value::nil_map(type);
  Value::Members members;
  for (auto left = in.count(2); left > 0 && in.ok(); --left) {
    SharedString key(in.text());
    members.push_back({std::move(key), read_value_at(in, level + 1)});
  }
  return Value::map(std::move(members), type);
}

Value read_value_at(Reader& in, int level) {
  const auto kind = static_cast<Kind>(in.number_up_to(static_cast<std::uint64_t>(Kind::map)));
  if (level > max_levels) in.fail();
  if (!in.ok()) return {};
  switch (kind) {
    case Kind::absent: return Value::absent();
    case Kind::boolean: return Value::boolean(in.boolean());
    case Kind::integer: return Value::go_int(in.integer());
    case Kind::int64: return Value::int64(in.integer());
    case Kind::uint8: return Value::uint8(static_cast<std::uint8_t>(in.integer()));
    case Kind::float64: return Value::float64(in.real());
    case Kind::string: return Value::string(in.text());
    case Kind::list: return read_list(in, level);
    case Kind::map: return read_map(in, level);
    case Kind::null:
    case Kind::object: break;
  }
  return {};
}

}  // namespace

void write(Writer& out, const Error& error) { write_error(out, error, 0); }
Error read_error(Reader& in) { return read_error_at(in, 0); }
void write(Writer& out, const Value& value) { write_value(out, value, 0); }
Value read_value(Reader& in) { return read_value_at(in, 0); }

Error not_ours() { return {ErrorCode::internal, "the isolated render answered what it never answers"}; }

}  // namespace gitopsctl::render::wire
