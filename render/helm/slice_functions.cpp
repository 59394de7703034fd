#include "render/helm/slice_functions.hpp"

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "render/functions/functions.hpp"

namespace gitopsctl::render::helm {

namespace {

constexpr std::array<std::string_view, 16> names = {
    "concat",   "first",    "has",         "initial", "join",      "last",      "mustFirst", "mustHas",
    "mustLast", "mustUniq", "mustWithout", "rest",    "sortAlpha", "toStrings", "uniq",      "without",
};

const FunctionTable& originals() {
  static const FunctionTable table(all_functions());
  return table;
}

template <std::size_t index>
Result<Value> call(CallContext& context, std::span<const Value> arguments) {
  static const Function& original = *originals().find(names[index]);
  std::vector<Value> plain(arguments.begin(), arguments.end());
  for (auto& argument : plain) {
    if (argument.is_object() && argument.as_object()->go_kind() == "slice") argument = argument.as_object()->to_plain();
  }
  return original.body(context, plain);
}

template <std::size_t... indexes>
std::array<Function, sizeof...(indexes)> make_table(std::index_sequence<indexes...> /*all*/) {
  std::array<Function, sizeof...(indexes)> rows;
  const auto fill = [&](std::size_t index, FunctionBody body) {
    rows[index] = *originals().find(names[index]);
    rows[index].body = body;
  };
  (fill(indexes, call<indexes>), ...);
  return rows;
}

}  // namespace

std::span<const Function> slice_functions() {
  static const auto table = make_table(std::make_index_sequence<names.size()>());
  return table;
}

}  // namespace gitopsctl::render::helm
