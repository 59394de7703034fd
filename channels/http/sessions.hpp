#pragma once

#include <memory>

namespace gitopsctl::channels {

/// What TLS connections remember of a server, so that the next one to it need not prove everything anew: half of what a new
/// connection costs both sides. Only for clients with the same trust and certificates: who resumes a session is whom its
/// first connection was. Thread-safe.
class HttpSessions {
 public:
  HttpSessions();
  ~HttpSessions();
  HttpSessions(const HttpSessions&) = delete;
  HttpSessions& operator=(const HttpSessions&) = delete;

 private:
  friend class HttpClient;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gitopsctl::channels
