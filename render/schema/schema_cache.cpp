#include "render/schema/schema_cache.hpp"

#include <cstddef>

#include "base/budget/content_cache.hpp"

namespace gitopsctl::render::schema {
namespace {

using SchemaCache = ContentCache<Habits, Schema>;

SchemaCache& cache() {
  // A compiled schema takes ten times its text and more.
  static SchemaCache all(64, std::size_t{1} << 20U);
  return all;
}

}  // namespace

Result<Schema> compile_cached(std::string_view json, Habits habits) {
  if (auto known = cache().find(json, habits)) return *std::move(known);
  GITOPSCTL_TRY(auto schema, Schema::compile(json, habits));
  cache().insert(json, habits, schema);
  return schema;
}

}  // namespace gitopsctl::render::schema
