#include "render/helm/check_schemas.hpp"

#include "base/text/go_format.hpp"
#include "render/helm/helm_log.hpp"
#include "render/schema/schema_cache.hpp"

namespace gitopsctl::render::helm {
namespace {

class SchemaCheck {
 public:
  SchemaCheck(const HelmProfile& profile, std::vector<std::string>& warnings, bool quote_values, HelmLog* log)
      : habits_{.release = profile.go, .corrected = profile.corrected_schemas},
        warnings_(warnings),
        quote_values_(quote_values),
        log_(log) {}

  void chart(const Chart& chart, const Value& values) {
    if (chart.schema) own(chart, values);
    for (const auto* child : chart.dependencies) {
      const Value* below = values.find(child->name());
      if (below == nullptr || below->is_nothing()) continue;
      if (below->is_map()) {
        this->chart(*child, *below);
      } else {
        text_ += child->name() + ":\ninvalid type for values: expected object (map), got " +
                 std::string(go_type_name(*below)) + '\n';
        blame(*child);
      }
    }
  }

  [[nodiscard]] Result<void> result() const {
    if (text_.empty()) return {};
    return Error(code_, "values don't meet the specifications of the schema(s) in the following chart(s):\n" + text_)
        .at({.file = file_})
        .with_hint(hint_.empty() ? "correct the values, or the schema of the chart" : hint_);
  }

 private:
  void own(const Chart& chart, const Value& values) {
    const auto schema = schema::compile_cached(chart.schema->view(), habits_);
    const auto problems = schema.ok() ? schema->problems(values, quote_values_) : Result<std::string>(schema.error());
    if (schema.ok()) {
      for (const auto& name : schema->unresolved()) {
        warnings_.push_back(chart.full_path() + ": values.schema.json: " + name + " is not known and accepts everything");
        if (log_ == nullptr) continue;
        log_->write("jsonschema.go:192", "WARNING: unresolved URN reference ignored; using permissive schema: " + name,
                    "WARN", "unresolved URN reference ignored; using permissive schema", {{"urn", name}});
      }
    }
    if (!problems.ok()) {
      text_ += chart.name() + ":\n" + problems.error().message();
      code_ = problems.error().code();
      hint_ = problems.error().hint();
      blame(chart);
    } else if (!problems->empty()) {
      text_ += chart.name() + ":\n" + *problems + '\n';
      blame(chart);
    }
  }

  void blame(const Chart& chart) {
    if (file_.empty()) file_ = (chart.origin.empty() ? "" : chart.origin + '/') + "values.schema.json";
  }

  schema::Habits habits_;
  std::vector<std::string>& warnings_;
  bool quote_values_;
  HelmLog* log_;
  std::string text_;
  std::string file_;
  std::string hint_;
  ErrorCode code_ = ErrorCode::invalid_input;
};

}  // namespace

Result<void> check_schemas(const Chart& root, const Value& values, const HelmProfile& profile,
                           std::vector<std::string>& warnings, bool quote_values, HelmLog* log) {
  SchemaCheck check(profile, warnings, quote_values, log);
  check.chart(root, values);
  return check.result();
}

}  // namespace gitopsctl::render::helm
