#include "render/release/lookup_snapshot.hpp"

#include <memory>
#include <utility>

namespace gitopsctl::render {

namespace {

bool is_meant(const Object& object, const LookupQuestion& question) {
  if (object.api_version != question.api_version || object.id.kind != question.kind) return false;
  const bool anywhere = question.name.empty() && question.namespace_.empty();
  if (!anywhere && !object.id.namespace_.empty() && object.id.namespace_ != question.namespace_) return false;
  return question.name.empty() || object.id.name == question.name;
}

}  // namespace

Lookup lookup_in(std::vector<Object> objects) {
  auto shared = std::make_shared<const std::vector<Object>>(std::move(objects));
  return [shared](const LookupQuestion& question) -> Result<Value> {
    Value items = Value::list();
    for (const auto& object : *shared) {
      if (!is_meant(object, question)) continue;
      if (!question.name.empty()) return object.body;
      items.push_back(object.body);
    }
    if (!question.name.empty()) return Value::map();
    return make_map({{"apiVersion", Value::string(question.api_version)},
                     {"items", std::move(items)},
                     {"kind", Value::string(question.kind + "List")},
                     {"metadata", Value::map()}});
  };
}

}  // namespace gitopsctl::render
