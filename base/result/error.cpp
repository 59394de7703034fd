#include "base/result/error.hpp"

#include <utility>

namespace gitopsctl {

std::string_view code_name(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_input: return "InvalidInput";
    case ErrorCode::not_found: return "NotFound";
    case ErrorCode::forbidden: return "Forbidden";
    case ErrorCode::conflict: return "Conflict";
    case ErrorCode::unavailable: return "Unavailable";
    case ErrorCode::timeout: return "Timeout";
    case ErrorCode::cancelled: return "Cancelled";
    case ErrorCode::too_large: return "TooLarge";
    case ErrorCode::unsupported: return "Unsupported";
    case ErrorCode::needs_source: return "NeedsSource";
    case ErrorCode::newer_schema: return "NewerSchema";
    case ErrorCode::internal: return "Internal";
  }
  return "Internal";
}

std::string Location::to_string() const {
  std::string out = file;
  if (line > 0) {
    if (!out.empty()) out += ':';
    out += std::to_string(line);
    if (column > 0) out += ':' + std::to_string(column);
  }
  return out;
}

Error::Error(ErrorCode code, std::string message)
    : data_(std::make_shared<const Data>(Data{code, std::move(message), {}, {}, {}, {}})) {}

Error Error::at(Location where) const {
  if (!data_->where.empty()) return *this;
  Error copy = *this;
  Data data = *data_;
  data.where = std::move(where);
  copy.data_ = std::make_shared<const Data>(std::move(data));
  return copy;
}

Error Error::with_hint(std::string hint) const {
  Error copy = *this;
  Data data = *data_;
  data.hint = std::move(hint);
  copy.data_ = std::make_shared<const Data>(std::move(data));
  return copy;
}

Error Error::in(std::string step) const {
  Error copy = *this;
  Data data = *data_;
  data.trail.insert(data.trail.begin(), std::move(step));
  copy.data_ = std::make_shared<const Data>(std::move(data));
  return copy;
}

Error Error::also(std::vector<Error> others) const {
  Error copy = *this;
  Data data = *data_;
  for (auto& other : others) data.others.push_back(std::move(other));
  copy.data_ = std::make_shared<const Data>(std::move(data));
  return copy;
}

std::string Error::to_string() const {
  std::string out = data_->where.to_string();
  if (!out.empty()) out += ": ";
  for (const auto& step : data_->trail) out += step + ": ";
  return out + data_->message;
}

std::vector<Error> Error::flatten() const {
  std::vector<Error> out{*this};
  for (const auto& other : data_->others) {
    for (auto& error : other.flatten()) out.push_back(std::move(error));
  }
  return out;
}

Error combine(std::vector<Error> errors) {
  Error first = errors.front();
  errors.erase(errors.begin());
  return errors.empty() ? first : first.also(std::move(errors));
}

}  // namespace gitopsctl
