#include "agent/cluster/shared_look.hpp"

#include "base/result/no_throw.hpp"

namespace gitopsctl::agent::detail {

Result<void> SharedLook::ask(const std::string& key, const Look& look) {
  std::unique_lock lock(mutex_);
  Subject& subject = subjects_[key];
  if (subject.good_since && clock_.monotonic() - *subject.good_since < good_for_) return {};
  if (!subject.next) subject.next = std::make_shared<Round>();
  const auto round = subject.next;
  ended_.wait(lock, [&] { return round->answer.has_value() || (!round->begun && !subject.looking); });
  if (round->answer) return *round->answer;
  // The first of those who waited looks for all of them; whoever asks from here on waits for the look after this one.
  round->begun = true;
  subject.looking = true;
  subject.next.reset();
  ++looks_;
  const Millis begin = clock_.monotonic();
  lock.unlock();
  auto answer = no_throw("a look", look);
  lock.lock();
  subject.good_since.reset();
  if (answer.ok()) subject.good_since = begin;
  subject.looking = false;
  round->answer = answer;
  ended_.notify_all();
  return answer;
}

void SharedLook::saw(const std::string& key, Millis since) {
  const std::lock_guard lock(mutex_);
  auto& known = subjects_[key].good_since;
  if (!known || *known < since) known = since;
}

void SharedLook::forget(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto known = subjects_.find(key);
  if (known == subjects_.end()) return;
  known->second.good_since.reset();
  if (!known->second.looking && !known->second.next) subjects_.erase(known);
}

std::uint64_t SharedLook::looks() const {
  const std::lock_guard lock(mutex_);
  return looks_;
}

}  // namespace gitopsctl::agent::detail
