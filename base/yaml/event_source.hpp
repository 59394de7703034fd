#pragma once

#include <memory>
#include <string_view>

#include "base/yaml/events.hpp"

namespace gitopsctl::yaml_detail {

/// The events of a YAML stream, one after the other. `text` must outlive it.
class EventSource {
 public:
  explicit EventSource(std::string_view text);
  ~EventSource();
  EventSource(const EventSource&) = delete;
  EventSource& operator=(const EventSource&) = delete;

  /// The next event; false when the text is no YAML, see error(). After stream_end, stream_end again.
  [[nodiscard]] bool next(Event& event);
  [[nodiscard]] const SyntaxError& error() const noexcept { return error_; }

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
  SyntaxError error_;
};

}  // namespace gitopsctl::yaml_detail
