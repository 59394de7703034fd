#include <doctest/doctest.h>

#include <string>

#include "base/json/json.hpp"
#include "tests/unit/channels/plan/change_builders.hpp"

using namespace gitopsctl;
using namespace gitopsctl::channels;
using namespace gitopsctl::channels::test;

namespace {

ChangeSet diff(const std::vector<RenderedRelease>& from, const std::vector<RenderedRelease>& to) {
  return diff_rendered("prod", "aaa", from, "bbb", to);
}

}  // namespace

TEST_SUITE("diff_rendered") {
  TEST_CASE("create, update, remove and unchanged, in order of identity") {
    const auto changes = diff({rendered("web", config_map("a", "1") + config_map("b", "1") + config_map("c", "1"))},
                              {rendered("web", config_map("d", "1") + config_map("b", "2") + config_map("c", "1"))});
    REQUIRE(changes.releases.size() == 1);
    CHECK(lines(changes.releases[0]) == Lines{"remove ConfigMap web/a", "update ConfigMap web/b", "create ConfigMap web/d"});
    CHECK(changes.releases[0].unchanged == 1);
    const auto counts = changes.counts();
    CHECK(counts.created == 1);
    CHECK(counts.updated == 1);
    CHECK(counts.removed == 1);
    CHECK(counts.unchanged == 1);
    CHECK(counts.any_change());
    CHECK_FALSE(changes.has_errors());
    CHECK(changes.releases[0].changes[0].after.is_null());
    CHECK(changes.releases[0].changes[2].before.is_null());
    CHECK(changes.releases[0].changes[1].source == "charts/web/templates/all.yaml");
  }

  TEST_CASE("the same rendering changes nothing, whatever its order and server fields") {
    const auto a = rendered("web", config_map("a", "1") + config_map("b", "1"));
    const auto b = rendered("web", config_map("b", "1") +
                                       "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, creationTimestamp: null}\n"
                                       "data: {value: '1'}\nstatus: {}\n");
    const auto changes = diff({a}, {b});
    CHECK(changes.releases[0].changes.empty());
    CHECK(changes.releases[0].from_digest == changes.releases[0].to_digest);
    CHECK_FALSE(changes.counts().any_change());
  }

  TEST_CASE("a release that fails changes nothing, others go on") {
    const auto changes =
        diff({rendered("bad", config_map("a", "1")), rendered("good", config_map("b", "1"))},
             {broken("bad", Error(ErrorCode::invalid_input, "no such value")), rendered("good", config_map("b", "2"))});
    REQUIRE(changes.releases.size() == 2);
    CHECK(changes.releases[0].changes.empty());
    CHECK(changes.releases[0].errors.size() == 1);
    CHECK(changes.releases[0].to_digest.empty());
    CHECK(lines(changes.releases[1]) == Lines{"update ConfigMap web/b"});
    CHECK(changes.counts().failed_releases == 1);
    CHECK(changes.has_errors());
    // The digest without the failing release is not the one with it.
    const auto whole = diff({}, {rendered("bad", config_map("a", "1")), rendered("good", config_map("b", "2"))});
    const auto alone = diff({}, {rendered("good", config_map("b", "2"))});
    CHECK(changes.render_digest != whole.render_digest);
    CHECK(changes.render_digest != alone.render_digest);
  }

  TEST_CASE("a release that left the file: removed or kept, and said") {
    auto from = rendered("old", config_map("a", "1") +
                                    "---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\n"
                                    "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: k, annotations: "
                                    "{helm.sh/resource-policy: keep}}\n");
    auto changes = diff({from}, {});
    CHECK(changes.releases[0].no_longer_listed);
    CHECK(changes.releases[0].to_digest.empty());
    CHECK(
        lines(changes.releases[0]) ==
        Lines{"remove ConfigMap web/a", "keep ConfigMap web/k: annotation helm.sh/resource-policy: keep",
              "keep PersistentVolumeClaim web/data: kind PersistentVolumeClaim holds data and stays unless the release says "
              "allowDelete: [PersistentVolumeClaim]"});
    from.allow_delete = {"PersistentVolumeClaim"};
    CHECK(diff({from}, {}).counts().removed == 2);
    from.prune = false;
    changes = diff({from}, {});
    CHECK(changes.counts().removed == 0);
    CHECK(changes.releases[0].changes[0].why == "no longer listed in the channel file; prune is off");
  }

  TEST_CASE("rendering to nothing is an error unless it is allowed") {
    const auto from = rendered("web", config_map("a", "1"));
    auto to = rendered("web", "");
    auto changes = diff({from}, {to});
    REQUIRE(changes.releases[0].errors.size() == 1);
    CHECK(changes.releases[0].changes.empty());
    CHECK(changes.releases[0].errors[0].hint().find("allowEmpty") != std::string::npos);
    to.allow_empty = true;
    changes = diff({from}, {to});
    CHECK(lines(changes.releases[0]) == Lines{"remove ConfigMap web/a"});
    CHECK(diff({}, {rendered("web", "")}).releases[0].errors.empty());
  }

  TEST_CASE("an object of two releases is an error of both") {
    const auto changes = diff(
        {}, {rendered("a", config_map("x", "1")), rendered("b", config_map("x", "1")), rendered("c", config_map("z", "1"))});
    CHECK(changes.releases[0].errors.at(0).message() == "ConfigMap web/x is also rendered by release b");
    CHECK(changes.releases[1].errors.at(0).message() == "ConfigMap web/x is also rendered by release a");
    CHECK(changes.releases[2].errors.empty());
    CHECK(changes.releases[0].changes.empty());
  }

  TEST_CASE("an object that goes to another release is not removed") {
    const auto changes =
        diff({rendered("a", config_map("x", "1") + config_map("z", "1")), rendered("b", config_map("w", "1"))},
             {rendered("a", config_map("z", "1")), rendered("b", config_map("w", "1") + config_map("x", "2"))});
    CHECK(lines(changes.releases[0]) == Lines{"keep ConfigMap web/x: moves to release b"});
    CHECK(lines(changes.releases[1]) == Lines{"update ConfigMap web/x: moves here from release a"});
    CHECK(changes.releases[1].changes[0].before.string_at({"data", "value"}) == "1");
  }

  TEST_CASE("a rename keeps the objects") {
    auto to = rendered("new", config_map("x", "2"));
    to.renamed_from = "old";
    const auto changes = diff({rendered("old", config_map("x", "1"))}, {to});
    REQUIRE(changes.releases.size() == 1);
    CHECK(lines(changes.releases[0]) == Lines{"update ConfigMap web/x"});
    CHECK(changes.releases[0].warnings == std::vector<std::string>{"release old is now called new"});
  }

  TEST_CASE("what could not be rendered before is shown as new, with a warning") {
    const auto changes = diff({broken("a", Error(ErrorCode::needs_source, "chart x is not here")),
                               broken("gone", Error(ErrorCode::needs_source, "chart x is not here"))},
                              {rendered("a", config_map("x", "1"))});
    CHECK(lines(changes.releases[0]) == Lines{"create ConfigMap web/x"});
    CHECK(changes.releases[0].warnings.size() == 1);
    CHECK(changes.releases[1].no_longer_listed);
    CHECK(changes.releases[1].changes.empty());
    CHECK(changes.releases[1].warnings.size() == 1);
    CHECK_FALSE(changes.has_errors());
  }

  TEST_CASE("a changed secret value is an update that shows nothing of it") {
    const auto secret = [](const std::string& value) {
      return rendered("web", "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {p: " + value + ", q: same}\n");
    };
    const auto changes = diff({secret("CANARY-one")}, {secret("CANARY-two")});
    REQUIRE(lines(changes.releases[0]) == Lines{"update Secret web/s"});
    const auto& change = changes.releases[0].changes[0];
    CHECK(change.before.string_at({"stringData", "p"}) == "(redacted, before)");
    CHECK(change.after.string_at({"stringData", "p"}) == "(redacted, after)");
    CHECK(change.after.string_at({"stringData", "q"}) == "(redacted)");
    CHECK(changes.releases[0].from_digest == changes.releases[0].to_digest);
  }

  TEST_CASE("a rendered comparison has no digest of deletes: nobody can approve what has no uid") {
    const auto from = rendered("web", config_map("a", "1") + config_map("b", "1"));
    const auto changes = diff({from}, {rendered("web", config_map("a", "1"))});
    CHECK(changes.counts().removed == 1);
    CHECK(changes.delete_digest().empty());
  }
}

TEST_SUITE("prune rules") {
  TEST_CASE("annotations of ours and of other tools") {
    const auto why = [](const std::string& annotations, PruneSettings settings = {}) {
      return kept_by_rule({"", "ConfigMap", "web", "a"}, yaml("{metadata: {annotations: {" + annotations + "}}}"), settings)
          .value_or("");
    };
    CHECK(why("").empty());
    CHECK(why("gitopsctl.dev/prune: never") == "annotation gitopsctl.dev/prune: never");
    CHECK(why("helm.sh/resource-policy: ' Keep '") == "annotation helm.sh/resource-policy: keep");
    CHECK(why("helm.sh/resource-policy: delete").empty());
    CHECK(why("kustomize.toolkit.fluxcd.io/prune: Disabled") == "annotation kustomize.toolkit.fluxcd.io/prune: disabled");
    CHECK(why("argocd.argoproj.io/sync-options: 'Validate=false, Prune=false'") ==
          "annotation argocd.argoproj.io/sync-options: Prune=false");
    CHECK(why("argocd.argoproj.io/sync-options: PruneLast=true").empty());
    CHECK(why("argocd.argoproj.io/sync-options: Delete=false").empty());
    PruneSettings whole;
    whole.whole_release = true;
    CHECK(why("argocd.argoproj.io/sync-options: Delete=false", whole) ==
          "annotation argocd.argoproj.io/sync-options: Delete=false");
    CHECK_FALSE(why("argocd.argoproj.io/sync-options: Prune=confirm").empty());
    CHECK(why("argocd.argoproj.io/sync-options: Prune=confirm, argocd.argoproj.io/deletion-approved: '2026-01-01T00:00:00Z'")
              .empty());
    CHECK_FALSE(why("client.lifecycle.config.k8s.io/deletion: detach").empty());
    CHECK_FALSE(why("cli-utils.sigs.k8s.io/on-remove: keep").empty());
    PruneSettings off;
    off.prune = false;
    CHECK(why("", off) == "prune is off");
  }

  TEST_CASE("kinds that hold data, and the cluster's own namespaces") {
    const auto why = [](render::ObjectId id, std::vector<std::string> allowed) {
      PruneSettings settings;
      settings.allow_delete = std::move(allowed);
      return kept_by_rule(id, Value(), settings).has_value();
    };
    CHECK(why({"", "Namespace", "", "web"}, {}));
    CHECK_FALSE(why({"", "Namespace", "", "web"}, {"Namespace"}));
    CHECK(why({"", "Namespace", "", "kube-system"}, {"Namespace"}));
    CHECK(why({"", "Namespace", "", "default"}, {"Namespace"}));
    CHECK(why({"", "PersistentVolume", "", "a"}, {"Namespace"}));
    CHECK(why({"apiextensions.k8s.io", "CustomResourceDefinition", "", "a"}, {}));
    CHECK_FALSE(why({"example.com", "Namespace", "web", "a"}, {}));
  }
}
