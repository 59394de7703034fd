#include "agent/cluster/change_feed.hpp"

#include <algorithm>
#include <cstring>
#include <thread>
#include <utility>

#include "agent/cluster/normal_form.hpp"
#include "base/crypto/digest.hpp"
#include "base/log/log.hpp"
#include "base/result/no_throw.hpp"
#include "channels/plan/reserved.hpp"

namespace gitopsctl::agent::detail {
namespace {

// A first list that takes longer is not waited for.
constexpr std::chrono::seconds first_list_patience{10};
// What cannot be watched is taken as changed this often.
constexpr std::chrono::seconds blind_span{30};
// Of one object; more only pile up where no watch tells of them.
constexpr std::size_t max_own_versions = 8;

constexpr std::size_t max_own = 50'000;

constexpr std::string_view own_group = "gitopsctl.dev";
/// Inventories and records.
constexpr std::string_view managed_selector = "app.kubernetes.io/managed-by=gitopsctl";

/// Kinds that change all the time without meaning anything for what a release is.
bool is_noise(const std::string& group, const std::string& kind) {
  return kind == "Event" || kind == "Lease" || (group.empty() && kind == "Pod") || kind == "EndpointSlice";
}

using Mark = ChangeFeed::Mark;

Mark mark_of(std::string_view text) {
  Mark out;
  if (text.empty()) return out;
  const std::string sum = sha256(text);
  std::memcpy(&out.high, sum.data(), sizeof out.high);
  std::memcpy(&out.low, sum.data() + sizeof out.high, sizeof out.low);
  return out;
}

Mark mark_of(const render::ObjectId& id) {
  std::string text;
  for (const std::string* part : {&id.group, &id.kind, &id.namespace_, &id.name}) text += *part + '\n';
  return mark_of(text);
}

}  // namespace

/// The watch of one scope, with the thread that it runs on.
class ChangeFeed::Watch final : public KubeWatchSink {
 public:
  /// `after_writes`: we have written what the first list holds, so it is compared with that.
  Watch(ChangeFeed& feed, Scope scope, bool after_writes)
      : feed_(feed), scope_(std::move(scope)), after_writes_(after_writes) {}

  void begin() {
    thread_ = std::jthread([this] { run(); });
  }

  Result<void> replace(const KubeList& all) override {
    std::map<Mark, Change> now;
    for (const auto& item : all.items) now.insert(read(item, false));
    const std::lock_guard lock(feed_.mutex_);
    const bool first = !listed_;
    listed_ = true;
    if (first && after_writes_ && !late_) {
      // Whatever is there is as we left it, or somebody else's.
      if (lacks_ours(now)) feed_.foreign(is_of_switches());
      for (const auto& [key, change] : now) {
        if (is_as_written(key, change)) {
          known_[key] = change.now;
          feed_.own_.erase(key);
        } else {
          feed_.tell(*this, key, change);
        }
      }
    } else if (first && !late_) {
      for (const auto& [key, change] : now) {
        known_[key] = change.now;
        forget_listed(key, change);
      }
    } else {
      std::vector<std::pair<Mark, Change>> gone;
      for (const auto& [key, known] : known_) {
        if (!now.contains(key)) gone.push_back({key, {{{}, {}, known.uid}, true, false}});
      }
      for (const auto& [key, change] : gone) feed_.tell(*this, key, change);
      for (const auto& [key, change] : now) feed_.tell(*this, key, change);
      // Somebody went on without waiting for this list.
      if (std::exchange(late_, false)) feed_.foreign(is_of_switches());
    }
    feed_.changed_.notify_all();
    return {};
  }

  Result<void> change(Event event, const Value& object) override {
    const auto [key, change] = read(object, event == Event::deleted);
    const std::lock_guard lock(feed_.mutex_);
    feed_.tell(*this, key, change);
    return {};
  }

  /// Of Channels, Releases or Approvals.
  [[nodiscard]] bool is_of_switches() const { return scope_.kind.group == own_group; }

  // With the feed's lock held:
  [[nodiscard]] bool ready() const noexcept { return listed_ || failed_; }
  void note_late() { late_ = !listed_; }
  std::map<Mark, Known> known_;

 private:
  static std::pair<Mark, Change> read(const Value& object, bool deleted) {
    const LiveObject live = live_object(object);
    Change change{{mark_of(live.resource_version), {}, mark_of(live.uid)}, deleted, live.deleting};
    if (!deleted) change.now.hash = mark_of(content_hash(live.body));
    return {mark_of(live.id), change};
  }

  void run() {
    const auto stop = feed_.stop_.get_token();
    KubeCall call;
    call.interrupt.stop = stop;
    KubeListOptions options;
    options.namespace_ = scope_.namespace_;
    options.label_selector = scope_.selector;
    while (!stop.stop_requested()) {
      const auto ended = no_throw(
          "a watch", [&]() -> Result<void> { return feed_.watcher(scope_).watch(scope_.kind, options, *this, call); });
      // Also when the client is stopped by its owner.
      if (stop.stop_requested() || (!ended.ok() && ended.error().code() == ErrorCode::cancelled)) {
        const std::lock_guard lock(feed_.mutex_);
        failed_ = true;  // whoever waits for the first list would wait in vain
        feed_.changed_.notify_all();
        return;
      }
      const std::string why = ended.ok() ? "it ended" : ended.error().to_string();
      std::unique_lock lock(feed_.mutex_);
      if (why != told_) {
        log::warning("cannot watch a kind; it is looked at again and again instead",
                     {{"kind", scope_.kind.kind}, {"namespace", scope_.namespace_}, {"why", why}});
        told_ = why;
      }
      failed_ = true;
      late_ = true;  // nobody knows what happens until the next list
      feed_.foreign(is_of_switches());
      feed_.changed_.wait_for(lock, stop, blind_span, [] { return false; });
    }
  }

  /// True when something that we wrote and did not delete is not in the list. With the feed's lock held.
  [[nodiscard]] bool lacks_ours(const std::map<Mark, Change>& now) const {
    return std::ranges::any_of(feed_.own_, [&](const auto& one) {
      const auto& [key, own] = one;
      if (own.id.group != scope_.kind.group || own.id.kind != scope_.kind.kind) return false;
      if (!scope_.namespace_.empty() && own.id.namespace_ != scope_.namespace_) return false;
      // Inventories have no owner label.
      if (is_named_as_ours(own.id)) return false;
      return own.open == 0 && !own.versions.empty() && own.removed.empty() && !now.contains(key);
    });
  }

  /// True when nothing but a status changed since we wrote it last. With the feed's lock held.
  [[nodiscard]] bool is_as_written(const Mark& key, const Change& change) const {
    const auto ours = feed_.own_.find(key);
    if (ours == feed_.own_.end() || ours->second.open > 0 || change.deleting) return false;
    const Known& written = ours->second.written;
    return !written.hash.empty() && written.hash == change.now.hash && written.uid == change.now.uid;
  }

  /// No watch will tell of a write that the first list holds already. With the feed's lock held.
  void forget_listed(const Mark& key, const Change& change) {
    const auto ours = feed_.own_.find(key);
    if (ours == feed_.own_.end() || ours->second.versions.empty()) return;
    if (ours->second.versions.back() != change.now.version) return;
    ours->second.versions.clear();
    feed_.forget_if_told(key);
  }

  ChangeFeed& feed_;
  Scope scope_;
  bool after_writes_;
  bool listed_ = false;
  bool failed_ = false;
  bool late_ = false;
  std::string told_;
  std::jthread thread_;
};

ChangeFeed::ChangeFeed(KubeClient client, KubeClient actor, std::vector<std::string> namespaces)
    : client_(std::move(client)), actor_(std::move(actor)), namespaces_(std::move(namespaces)) {
  const std::string home(channels::home_namespace);
  if (!namespaces_.empty() && std::ranges::find(namespaces_, home) == namespaces_.end()) namespaces_.push_back(home);
}

const KubeClient& ChangeFeed::watcher(const Scope& scope) const { return scope.selector == owner_label ? actor_ : client_; }

ChangeFeed::~ChangeFeed() {
  stop_.request_stop();
  changed_.notify_all();
  watches_.clear();  // joins
}

void ChangeFeed::watch(const KubeKind& kind, const std::string& selector, bool anywhere, std::vector<Watch*>& begun,
                       bool after_writes) {
  std::vector<std::string> spaces{""};
  if (!anywhere) {
    spaces = {std::string(channels::home_namespace)};
  } else if (!namespaces_.empty()) {
    spaces = namespaces_;
  }
  for (const auto& space : spaces) {
    // No release has objects at home, and the account that writes them may have no right to look there.
    if (selector == owner_label && space == channels::home_namespace) continue;
    Scope scope{kind, space, selector};
    auto& place = watches_[scope];
    if (place) continue;
    place = std::make_unique<Watch>(*this, scope, after_writes);
    place->begin();
    begun.push_back(place.get());
  }
}

bool ChangeFeed::has_none(const std::string& group, const std::string& kind) const {
  KubeListOptions options;
  options.label_selector = owner_label;
  options.metadata_only = true;
  options.page_size = 1;
  options.most = 1;
  const auto listed = actor_.list({group, "", kind}, options, {});
  return listed.ok() && listed->items.empty();
}

void ChangeFeed::follow(const std::set<std::pair<std::string, std::string>>& kinds, bool writing) {
  // Who follows what somebody else has just begun to follow waits for the same list.
  const std::lock_guard order(follow_mutex_);
  std::vector<std::pair<std::string, std::string>> fresh;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& kind : kinds) {
      if (kind.first == own_group || is_noise(kind.first, kind.second)) continue;
      if (followed_.insert(kind).second && started_) fresh.push_back(kind);
    }
  }
  if (writing && namespaces_.empty()) {
    std::erase_if(fresh, [&](const auto& kind) {
      if (!has_none(kind.first, kind.second)) return false;
      const std::lock_guard lock(mutex_);
      put_off_.insert(kind);
      return true;
    });
  }
  begin(fresh, false);
}

bool ChangeFeed::is_put_off(const render::ObjectId& id) {
  const std::lock_guard lock(mutex_);
  return put_off_.contains({id.group, id.kind});
}

void ChangeFeed::catch_up() {
  const std::lock_guard order(follow_mutex_);
  std::set<std::pair<std::string, std::string>> put_off;
  {
    const std::lock_guard lock(mutex_);
    put_off = std::exchange(put_off_, {});
  }
  begin({put_off.begin(), put_off.end()}, true);
}

void ChangeFeed::begin(const std::vector<std::pair<std::string, std::string>>& kinds, bool after_writes) {
  if (kinds.empty()) return;
  std::vector<Watch*> begun;
  for (const auto& [group, kind] : kinds) {
    const auto resource = client_.discovery().map(group, "", kind, {});
    const std::lock_guard lock(mutex_);
    if (!resource.ok()) {
      followed_.erase({group, kind});  // a kind that comes later is followed then
      // Nobody knows what became of what we wrote.
      if (after_writes) foreign(false);
      continue;
    }
    // Without a right for the whole cluster nothing outside of namespaces can be watched.
    if (!resource->namespaced && !namespaces_.empty()) continue;
    watch({group, "", kind}, std::string(owner_label), true, begun, after_writes);
  }
  std::unique_lock lock(mutex_);
  const auto all_ready = [&] { return std::ranges::all_of(begun, [](const Watch* one) { return one->ready(); }); };
  if (!changed_.wait_for(lock, stop_.get_token(), first_list_patience, all_ready)) {
    for (Watch* one : begun) one->note_late();
  }
}

std::uint64_t ChangeFeed::version() {
  std::unique_lock lock(mutex_);
  if (!started_) {
    started_ = true;
    std::vector<Watch*> begun;
    watch({std::string(own_group), "", "Channel"}, "", false, begun);
    watch({std::string(own_group), "", "Approval"}, "", false, begun);
    watch({std::string(own_group), "", "Release"}, "", true, begun);
    watch({"", "", "ConfigMap"}, std::string(managed_selector), true, begun);
    const auto known = std::exchange(followed_, {});
    const auto all_ready = [&] { return std::ranges::all_of(begun, [](const Watch* one) { return one->ready(); }); };
    if (!changed_.wait_for(lock, stop_.get_token(), first_list_patience, all_ready)) {
      for (Watch* one : begun) one->note_late();
    }
    lock.unlock();
    follow(known);
    lock.lock();
    primed_ = true;
    changed_.notify_all();
  }
  changed_.wait(lock, stop_.get_token(), [this] { return primed_; });
  return version_;
}

std::uint64_t ChangeFeed::content_version() {
  static_cast<void>(version());
  const std::lock_guard lock(mutex_);
  return last_content_;
}

bool ChangeFeed::changed_by_others(std::uint64_t since) {
  const std::lock_guard lock(mutex_);
  return last_foreign_ > since;
}

std::uint64_t ChangeFeed::wait(std::uint64_t seen, Millis span, const std::stop_token& stop) {
  static_cast<void>(version());
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, span, [&] { return version_ > seen; });
  return version_;
}

void ChangeFeed::foreign(bool is_switch) {
  last_foreign_ = ++version_;
  if (!is_switch) last_content_ = version_;
  changed_.notify_all();
}

void ChangeFeed::own(bool is_switch) {
  ++version_;
  if (!is_switch) last_content_ = version_;
  changed_.notify_all();
}

void ChangeFeed::tell(Watch& watch, const Mark& key, const Change& change) {
  if (const auto ours = own_.find(key); ours != own_.end() && ours->second.open > 0) {
    ours->second.waiting.emplace_back(&watch, change);
    return;
  }
  settle(watch, key, change);
}

/// Takes over what a watch told, and decides who did it. Where several watches tell of one object, the second finds our
/// write forgotten: that costs at most a look for nothing.
void ChangeFeed::settle(Watch& watch, const Mark& key, const Change& change) {
  const auto ours = own_.find(key);
  const bool removed_by_us = ours != own_.end() && !ours->second.removed.empty() && ours->second.removed == change.now.uid;
  const auto known = watch.known_.find(key);
  if (change.deleted) {
    if (known != watch.known_.end()) watch.known_.erase(known);
    if (!removed_by_us) return foreign(watch.is_of_switches());
    ours->second.removed = {};
    ours->second.versions.clear();
    forget_if_told(key);
    return;
  }
  if (known != watch.known_.end() && known->second.version == change.now.version) return;
  const bool same =
      known != watch.known_.end() && known->second.hash == change.now.hash && known->second.uid == change.now.uid;
  watch.known_[key] = change.now;
  if (ours != own_.end()) {
    auto& versions = ours->second.versions;
    if (const auto told = std::ranges::find(versions, change.now.version); told != versions.end()) {
      versions.erase(versions.begin(), told + 1);  // what came before it is not told any more
      forget_if_told(key);
      return;
    }
  }
  if (same || (removed_by_us && change.deleting)) return;
  foreign(watch.is_of_switches());
}

void ChangeFeed::forget_if_told(const Mark& key) {
  const auto ours = own_.find(key);
  if (ours == own_.end()) return;
  const Own& own = ours->second;
  if (own.open == 0 && own.versions.empty() && own.removed.empty() && own.waiting.empty()) own_.erase(ours);
}

void ChangeFeed::close(const Mark& key, const Mark& version, const Mark& removed) {
  const auto place = own_.find(key);
  if (place == own_.end()) return;
  Own& ours = place->second;
  if (ours.open > 0) --ours.open;
  if (!version.empty()) {
    ours.versions.push_back(version);
    if (ours.versions.size() > max_own_versions) ours.versions.erase(ours.versions.begin());
    ours.removed = {};
  }
  if (!removed.empty()) ours.removed = removed;
  if (ours.open > 0) return;
  if (is_noise(ours.id.group, ours.id.kind)) {
    own_.erase(place);
    return;
  }
  const auto waiting = std::exchange(ours.waiting, {});
  for (const auto& [watch, change] : waiting) settle(*watch, key, change);
  forget_if_told(key);
  // Of most of them nothing will be told any more; forgetting one costs at most a look for nothing.
  if (own_.size() > max_own) std::erase_if(own_, [](const auto& one) { return one.second.open == 0; });
}

ChangeFeed::OwnWrite::OwnWrite(ChangeFeed* feed, const render::ObjectId& id) : feed_(feed), open_(feed != nullptr) {
  if (!open_) return;
  id_ = id;
  key_ = mark_of(id);
  const std::lock_guard lock(feed_->mutex_);
  Own& own = feed_->own_[key_];
  if (own.open++ == 0) own.id = id_;
}

ChangeFeed::OwnWrite::~OwnWrite() {
  if (!open_) return;
  const std::lock_guard lock(feed_->mutex_);
  feed_->close(key_, {}, {});
}

void ChangeFeed::OwnWrite::done(const std::string& resource_version, const Value* body) {
  if (!std::exchange(open_, false)) return;
  Known written;
  if (body != nullptr && feed_->is_put_off(id_)) {
    written = {mark_of(resource_version), mark_of(content_hash(*body)), mark_of(body->string_at({"metadata", "uid"}))};
  }
  const Mark version = mark_of(resource_version);
  const std::lock_guard lock(feed_->mutex_);
  if (!written.hash.empty()) feed_->own_[key_].written = written;
  feed_->close(key_, version, {});
  feed_->own(id_.group == own_group);
}

void ChangeFeed::OwnWrite::removed(const std::string& uid) {
  if (!std::exchange(open_, false)) return;
  const Mark of_uid = mark_of(uid);
  const std::lock_guard lock(feed_->mutex_);
  feed_->close(key_, {}, of_uid);
  feed_->own(id_.group == own_group);
}

}  // namespace gitopsctl::agent::detail
