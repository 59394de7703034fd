#pragma once

#include "base/result/error.hpp"
#include "base/value/value.hpp"
#include "render/wire/bytes.hpp"

namespace gitopsctl::render::wire {

void write(Writer& out, const Error& error);
[[nodiscard]] Error read_error(Reader& in);

/// Objects of a type of their own become the plain values that they stand for; what lies deeper than max_levels is left
/// out, and makes the reader fail.
void write(Writer& out, const Value& value);
[[nodiscard]] Value read_value(Reader& in);

}  // namespace gitopsctl::render::wire
