#pragma once

#include <string_view>

#include "base/result/result.hpp"
#include "render/schema/schema.hpp"

namespace gitopsctl::render::schema {

/// Schema::compile() with what was compiled before: the schemas used last, 64 of them and 1 MiB of their texts at most, are
/// kept for all renders of the process. Thread-safe.
[[nodiscard]] Result<Schema> compile_cached(std::string_view json, Habits habits = {});

}  // namespace gitopsctl::render::schema
