#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/kube/discovery.hpp"
#include "agent/kube/transport.hpp"
#include "base/value/value.hpp"
#include "render/manifest/object.hpp"

namespace gitopsctl::agent {

/// A kind, in one version or (empty) in the one that the server prefers.
struct KubeKind {
  std::string group;
  std::string version;
  std::string kind;
};

struct KubeGetOptions {
  std::string version;         ///< of the API; empty: the server's preferred
  bool metadata_only = false;  ///< only metadata: a tenth of the bytes
};

struct KubeListOptions {
  std::string namespace_;  ///< empty: all
  std::string label_selector;
  std::string field_selector;
  bool metadata_only = false;
  std::uint32_t page_size = 500;
  /// A longer list is an error, `too_large`: by the first page where the server counts the rest; 0: no limit.
  std::size_t most = 0;
};

/// A whole list: never a part of one.
struct KubeList {
  std::vector<Value> items;      ///< with their apiVersion and kind, also where the server leaves them out
  std::string resource_version;  ///< from which a watch goes on; opaque
};

struct KubeWriteOptions {
  /// Who writes, as managedFields will say; 1 to 128 bytes, must not begin with `kubectl` (for such a name the server
  /// rewrites annotations of an older protocol).
  std::string field_manager = "gitopsctl";
  bool dry_run = false;
  /// `status`, or another subresource in the form of the kind itself; empty: the object. Not of create().
  std::string subresource = {};
};

struct KubeApplyOptions : KubeWriteOptions {
  bool force = false;          ///< take over fields that others own
  bool metadata_only = false;  ///< answer only metadata
};

/// What a write made of an object.
struct KubeWritten {
  Value object;
  bool created = false;
  std::vector<std::string> warnings;  ///< of the server, for people; print each once
};

struct KubeDeleteOptions {
  enum class Propagation : std::uint8_t { background, foreground, orphan };
  std::string uid;               ///< delete only this very object
  std::string resource_version;  ///< delete only this version of it
  Propagation propagation = Propagation::background;
  std::string version;  ///< of the API
  bool dry_run = false;
};

struct KubeDeleted {
  bool gone = false;        ///< the server says that it is gone; false: accepted, wait until it is not found
  bool was_absent = false;  ///< it was not found; after a lost answer perhaps because of ourselves
  Value object;             ///< as it was or remains; null when gone
  std::vector<std::string> warnings;
};

/// Who takes the events of a watch. Calls come one after the other from the thread that watches. An Error ends the watch and
/// becomes its result.
class KubeWatchSink {
 public:
  enum class Event : std::uint8_t { added, modified, deleted };
  virtual ~KubeWatchSink() = default;
  /// Everything that is there now: first of all, and again whenever the watch had to start over. What is not in it is gone.
  virtual Result<void> replace(const KubeList& all) = 0;
  /// One change. An object that no longer fits the selector comes as `deleted`: look at it before believing that it is gone.
  virtual Result<void> change(Event event, const Value& object) = 0;
  /// Nothing changed, and this is as far as the server is. Comes about once a minute.
  virtual void progress(const std::string& resource_version) { (void)resource_version; }
};

/// A client of one API server. Blocking, thread-safe, cheap to copy: copies share connections, credentials and discovery.
///
/// Every operation either did what it says, or is an Error: an error, an answer that is cut short or comes from something
/// else is never read as "absent" or as "empty". What is repeated and when: KubeTransport. A KubeError of any class that
/// says outcome_unknown() means that a write was sent and nobody knows its fate: read before writing again.
class KubeClient {
 public:
  explicit KubeClient(KubeTarget target, KubeClientOptions options = {});

  /// The same server with the rights of somebody else.
  [[nodiscard]] KubeClient as(Impersonation who) const;

  /// An object; `not_found` only when the server itself says so.
  [[nodiscard]] KubeResult<Value> get(const render::ObjectId& id, const KubeGetOptions& options, const KubeCall& call) const;
  /// The same, with "absent" as an answer: nothing.
  [[nodiscard]] KubeResult<std::optional<Value>> find(const render::ObjectId& id, const KubeGetOptions& options,
                                                      const KubeCall& call) const;
  /// All objects of a kind, as they are now, in pages. When the server forgets the list between two pages it is read again
  /// from the start. At most 256 MiB.
  [[nodiscard]] KubeResult<KubeList> list(const KubeKind& kind, const KubeListOptions& options, const KubeCall& call) const;
  /// Lists, and then tells every change until stopped; goes on by itself after closed and broken connections and expired
  /// versions. Ends with an Error only: `cancelled`, one that a retry cannot cure, or the sink's.
  [[nodiscard]] KubeResult<void> watch(const KubeKind& kind, const KubeListOptions& options, KubeWatchSink& sink,
                                       const KubeCall& call) const;

  // Writes take a whole object with apiVersion, kind, metadata.name and, where the kind has one, metadata.namespace.

  /// Server-side apply, with strict checks of fields.
  [[nodiscard]] KubeResult<KubeWritten> apply(const Value& object, const KubeApplyOptions& options,
                                              const KubeCall& call) const;
  /// Creates an object that must not be there: `already_exists` otherwise, and also where an answer got lost and what is
  /// there now cannot be told to be ours. With a generateName a lost answer is an error with outcome_unknown().
  [[nodiscard]] KubeResult<KubeWritten> create(const Value& object, const KubeWriteOptions& options,
                                               const KubeCall& call) const;
  /// Asks what is not kept: `SelfSubjectAccessReview`, `SelfSubjectReview`. The answer is the question with a status.
  [[nodiscard]] KubeResult<Value> ask(const Value& question, const KubeCall& call) const;
  /// Replaces the object whose metadata.resourceVersion (required) is the one given: `stale_write` otherwise, and also where
  /// an answer got lost and what is there now says anything else than `object`.
  [[nodiscard]] KubeResult<KubeWritten> put(const Value& object, const KubeWriteOptions& options,
                                            const KubeCall& call) const;
  /// A JSON patch. To be sure of what is patched, let it replace /metadata/resourceVersion: `stale_write` otherwise.
  [[nodiscard]] KubeResult<KubeWritten> patch(const render::ObjectId& id, const Value& operations,
                                              const KubeWriteOptions& options, const KubeCall& call) const;
  /// Deletes; an object that is not there is a success. Repeated after a lost answer only with a uid.
  [[nodiscard]] KubeResult<KubeDeleted> remove(const render::ObjectId& id, const KubeDeleteOptions& options,
                                               const KubeCall& call) const;

  /// A document of the server that is no object, as it comes: at most 32 MiB.
  [[nodiscard]] KubeResult<std::string> document(const std::string& path, const KubeCall& call) const;

  [[nodiscard]] Discovery& discovery() const noexcept;
  [[nodiscard]] const KubeTransport& transport() const noexcept;

 private:
  struct Core;
  class Watch;
  explicit KubeClient(std::shared_ptr<Core> core, Impersonation as) : core_(std::move(core)), as_(std::move(as)) {}
  template <class Work>
  auto mapped(const KubeKind& kind, const KubeCall& call, const Work& work) const
      -> decltype(work(std::declval<const ApiResource&>()));
  KubeResult<KubeWritten> write(const KubeRequest& request, const ApiResource& resource, const std::string& name,
                                const KubeCall& call) const;
  /// What became of a write whose answer got lost: the object when it was carried out, nothing when it was not, an error of
  /// the class of its collision when somebody else's is there.
  using Look = std::function<KubeResult<std::optional<Value>>()>;
  KubeResult<KubeWritten> write_once(const KubeRequest& request, const ApiResource& resource, const std::string& name,
                                     KubeErrorClass collision, const Look& look, const KubeCall& call) const;

  std::shared_ptr<Core> core_;
  Impersonation as_;
};

}  // namespace gitopsctl::agent
