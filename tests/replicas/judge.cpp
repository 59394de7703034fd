#include "tests/replicas/judge.hpp"

#include <algorithm>
#include <set>

#include "base/json/json.hpp"

namespace gitopsctl::replicas {

namespace {

std::int64_t number(const Value& body, std::string_view field) {
  const Value* value = body.find(field);
  return value != nullptr && value->is_int() ? value->as_int() : 0;
}

/// The terms of a lease: from which version of the world on, which fence, whose.
struct Term {
  std::uint64_t from = 0;
  std::int64_t fence = 0;
  std::string holder;
};

std::vector<Term> terms_of(const std::vector<Version>& versions, const std::string& name, Judgement& out) {
  std::vector<Term> terms;
  std::map<std::int64_t, std::string> holders;
  std::int64_t before = 0;
  for (const auto& version : versions) {
    const Value* spec = version.body.find("spec");
    if (version.deleted) {
      // Somebody deleted it by hand: it begins anew.
      holders.clear();
      before = 0;
    }
    if (version.deleted || spec == nullptr) continue;
    const std::int64_t fence = number(*spec, "leaseTransitions") + 1;
    const std::string holder(spec->string_at({"holderIdentity"}));
    if (holder.empty()) continue;  // given back
    if (fence < before) {
      out.problems.push_back(name + ": the fence fell from " + std::to_string(before) + " to " + std::to_string(fence));
    }
    before = fence;
    const auto [known, fresh] = holders.emplace(fence, holder);
    if (!fresh && known->second != holder) {
      out.problems.push_back(name + ": fence " + std::to_string(fence) + " is of " + known->second + " and of " + holder);
    }
    if (fresh || terms.back().fence != fence) terms.push_back({version.at, fence, holder});
  }
  return terms;
}

/// The fence that was in force at that version of the world.
std::int64_t fence_at(const std::vector<Term>& terms, std::uint64_t at) {
  std::int64_t out = 0;
  for (const auto& term : terms) {
    if (term.from < at) out = term.fence;
  }
  return out;
}

std::size_t changes_of_holder(const std::vector<Term>& terms) {
  std::size_t out = 0;
  for (std::size_t i = 0; i < terms.size(); ++i) out += i == 0 || terms[i].holder != terms[i - 1].holder ? 1 : 0;
  return out;
}

}  // namespace

Judgement judge(const History& history, const std::string& installation, const std::string& channel_lease,
                const std::string& leader_lease) {
  Judgement out;
  const auto leases = history.leases();
  const auto of = [&](const std::string& name) {
    const auto found = leases.find("gitopsctl-system/" + name);
    return found == leases.end() ? std::vector<Version>() : found->second;
  };
  const auto terms = terms_of(of(channel_lease), channel_lease, out);
  out.holders = changes_of_holder(terms);
  out.leaders = changes_of_holder(terms_of(of(leader_lease), leader_lease, out));
  if (history.gaps() > 0) out.problems.push_back("a watch of the test began anew: versions may be missing");

  std::map<std::int64_t, std::string> run_of;  // by fence
  for (const auto& [name, versions] : history.inventories()) {
    std::int64_t before = 0;
    for (const auto& version : versions) {
      if (version.body.string_at({"metadata", "annotations", "gitopsctl.dev/identity"}).find(installation + "/") != 0)
        continue;
      if (version.deleted) {
        before = 0;
        continue;
      }
      const auto content = parse_json(version.body.string_at({"data", "inventory"}));
      if (!content.ok()) {
        out.problems.push_back(name + " cannot be read");
        continue;
      }
      ++out.versions;
      const std::int64_t fence = number(*content, "fence");
      const std::string run(content->string_at({"runId"}));
      if (fence < before) {
        out.problems.push_back(name + " at " + std::to_string(version.at) + ": the fence fell from " +
                               std::to_string(before) + " to " + std::to_string(fence));
      }
      const auto [known, fresh] = run_of.emplace(fence, run);
      if (!fresh && known->second != run) {
        out.problems.push_back(name + ": fence " + std::to_string(fence) + " is of run " + known->second + " and of " + run);
      }
      const std::int64_t current = fence_at(terms, version.at);
      if (fence > current) {
        out.problems.push_back(name + " at " + std::to_string(version.at) + ": fence " + std::to_string(fence) +
                               " before anybody had it");
      }
      if (fence < current) ++out.late;
      before = fence;
    }
  }
  out.runs = run_of.size();
  return out;
}

}  // namespace gitopsctl::replicas
