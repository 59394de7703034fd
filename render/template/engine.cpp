#include "render/template/engine.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include "render/template/name_space.hpp"
#include "render/template/parser.hpp"

namespace gitopsctl::render {

struct FunctionTable::Index {
  std::uint64_t id = 0;
  std::vector<std::string_view> names;
  std::vector<const Function*> functions;  ///< in the order of `names`
};

FunctionTable::FunctionTable(std::span<const std::span<const Function>> tables) : index_(new Index) {
  static std::atomic<std::uint64_t> next_id{1};
  index_->id = next_id.fetch_add(1, std::memory_order_relaxed);
  std::vector<const Function*> all;
  for (const auto& table : tables) {
    for (const auto& function : table) all.push_back(&function);
  }
  std::stable_sort(all.begin(), all.end(), [](const Function* a, const Function* b) { return a->name < b->name; });
  for (const auto* function : all) {
    if (!index_->names.empty() && index_->names.back() == function->name) {
      index_->functions.back() = function;
    } else {
      index_->names.push_back(function->name);
      index_->functions.push_back(function);
    }
  }
}

FunctionTable::~FunctionTable() { delete index_; }

FunctionTable::FunctionTable(FunctionTable&& other) noexcept : index_(std::exchange(other.index_, nullptr)) {}

FunctionTable& FunctionTable::operator=(FunctionTable&& other) noexcept {
  std::swap(index_, other.index_);
  return *this;
}

const Function* FunctionTable::find(std::string_view name) const noexcept {
  const auto& names = index_->names;
  const auto found = std::lower_bound(names.begin(), names.end(), name);
  if (found == names.end() || *found != name) return nullptr;
  return index_->functions[static_cast<std::size_t>(found - names.begin())];
}

std::span<const std::string_view> FunctionTable::names() const noexcept { return index_->names; }

std::uint64_t FunctionTable::id() const noexcept { return index_->id; }

TemplateSet::TemplateSet(const FunctionTable& functions)
    : functions_(&functions), names_(std::make_unique<detail::NameSpace>()) {}

TemplateSet::~TemplateSet() = default;
TemplateSet::TemplateSet(TemplateSet&&) noexcept = default;
TemplateSet& TemplateSet::operator=(TemplateSet&&) noexcept = default;

Result<void> TemplateSet::add(const std::string& name, std::string_view text) { return add(name, SharedString(text)); }

Result<void> TemplateSet::add(const std::string& name, const SharedString& text) {
  GITOPSCTL_TRY(const detail::ParsedFilePtr file, detail::parse_file_cached(name, text, *functions_));
  for (const auto& body : file->bodies) {
    auto& slot = names_->templates[std::string(body.name)];
    if (slot.body == nullptr || !body.empty) slot = {file, &body};
  }
  return {};
}

bool TemplateSet::contains(std::string_view name) const noexcept { return names_->find(name) != nullptr; }

std::vector<std::string> TemplateSet::names() const {
  std::vector<std::string> out;
  for (const auto& [name, _] : names_->templates) out.push_back(name);
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace gitopsctl::render
