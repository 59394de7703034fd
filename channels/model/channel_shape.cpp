#include "channels/model/reading.hpp"

namespace gitopsctl::channels {

namespace detail {

namespace {

Value flag(bool value) { return Value::boolean(value); }

ConfigShape texts(std::string about) { return shape::list(std::move(about), shape::text("")); }

ConfigShape chart_shape() {
  using namespace shape;
  return either("The chart.",
                text("Path from the root of the repository, or oci://HOST/PATH/NAME of a chart in a registry."),
                object("A chart in a chart repository.",
                       {
                           required("repository", text("Address whose index.yaml lists the chart: https://…")),
                           required("name", text("Name of the chart.")),
                           required("version", text("Exactly one version.")),
                           optional("digest", text("sha256:… of the archive; any other is refused.")),
                       }));
}

ConfigShape values_source_shape(std::string about) {
  using namespace shape;
  return object(std::move(about),
                {
                    required("name", text("Of the object, in the release's own namespace.")),
                    optional("key", text("Of its data: a values file."), Value::string("values.yaml")),
                    optional("optional", boolean("Without the object, or the key, there are no values."), flag(false)),
                    optional("targetPath",
                             text("The text of the key is one value, and stands there: keys joined by dots; a dot inside "
                                  "a key is written \\.")),
                    optional("namespace", any("Refused: values come from the release's own namespace.")),
                });
}

ConfigShape values_from_shape() {
  using namespace shape;
  return list(
      "Values in objects of the release's namespace, read with the service account of the binding. Merged in order: after "
      "the chart's own and valueFiles, before values.",
      object("One of configMap and secret.", {
                                                 optional("configMap", values_source_shape("A ConfigMap.")),
                                                 optional("secret", values_source_shape("A Secret.")),
                                                 optional("provider", any("Not supported by this version.")),
                                             }));
}

ConfigShape release_shape() {
  using namespace shape;
  return object(
      "One release: what is deployed together and owns its objects.",
      {
          required("name", text("Unique in this file; a DNS label.")),
          required("driver", choice("How the manifests are made.", {"helm", "kustomize", "manifests"})),
          required("namespace", text("Where the release lives; objects that name no namespace go there.")),
          optional(
              "helm",
              object(
                  "For driver helm.",
                  {
                      required("chart", chart_shape()),
                      optional("version", text("Of a chart in a registry: exactly one version.")),
                      optional("digest", text("Of a chart in a registry: sha256:… of its manifest; any other is refused.")),
                      optional("releaseName", text("Helm's name of the release; the release's name by default.")),
                      optional("valueFiles", texts("Paths from the root of the repository, merged in order.")),
                      optional("valuesFrom", values_from_shape()),
                      optional("values", map("Inline values, merged after the files and valuesFrom.", any(""))),
                      optional("profile", text("The helm version whose behaviour is followed.")),
                      optional("lookup",
                               boolean("The function lookup is answered by the cluster, with the service account of the "
                                       "binding; else it finds nothing, as in helm template."),
                               flag(false)),
                      optional("skipSchemaValidation",
                               boolean("Do not check the values against the chart's values.schema.json."), flag(false)),
                  })),
          optional("kustomize",
                   object("For driver kustomize.",
                          {required("path", text("Directory of the kustomization from the root of the repository."))})),
          optional("manifests", object("For driver manifests.",
                                       {required("path", text("Directory or file from the root of the repository."))})),
          optional("secrets", texts("Secrets outside of Git whose payload is a manifest.")),
          optional("secretValues", texts("Secrets outside of Git whose payload is a values file.")),
          optional("prune", boolean("Delete what left the rendered set; the channel's setting by default.")),
          optional("allowEmpty", boolean("A rendered set without objects is meant so."), flag(false)),
          optional("allowDelete", texts("Kinds that hold data and may be pruned all the same.")),
          optional("renamedFrom", text("The release's former name: its objects are taken over.")),
          optional("suspend", boolean("Leave the release alone."), flag(false)),
          optional("dependsOn", texts("Releases of this file that must be ready before this one is applied.")),
          optional("sensitive", list("Values outside of Secrets that are not to be shown.",
                                     object("One value.",
                                            {
                                                optional("kind", text("Kind of the object; every kind by default.")),
                                                optional("name", text("Name of the object; every name by default.")),
                                                required("path", text("Keys joined by dots, for example data.password; "
                                                                      "a dot inside a key is written \\.")),
                                            }))),
          optional("force", list("Fields that are taken over from other field managers; all others are only reported.",
                                 object("One field, with all that is below it.",
                                        {
                                            optional("kind", text("Kind of the object; every kind by default.")),
                                            optional("name", text("Name of the object; every name by default.")),
                                            required("path", text("As conflicts name it, for example "
                                                                  "spec.template.spec.containers[name=\"web\"].image; a dot "
                                                                  "inside a key is written \\.")),
                                        }))),
          optional("timeout", duration("How long the release may take to become ready.")),
      });
}

ConfigShape freeze_shape() {
  using namespace shape;
  return list(
      "Spans in which nothing is deployed.",
      object("One span: two instants, or a time of day on some days of the week.",
             {
                 optional("from", text("Instant (2026-12-20T00:00:00Z), or time of day (\"16:00\") with `days`.")),
                 optional("to", text("End, exclusive; a time of day before `from` is on the next day.")),
                 optional("days", list("Days on which a weekly span begins.",
                                       choice("", {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}), true)),
                 optional("utcOffset", text("Of the times of day, for example \"+01:00\"."), Value::string("+00:00")),
                 required("reason", text("Told to everybody whose change waits.")),
             }));
}

}  // namespace

const ConfigShape& channel_shape() {
  using namespace shape;
  static const ConfigShape whole = object(
      "The releases of one channel and the policy for deploying them.",
      {
          required("apiVersion", text("gitopsctl.dev/v1")),
          required("kind", text("Channel")),
          required("name", text("The channel: its branch is releases/NAME.")),
          optional("prune", boolean("Delete what left the rendered set or this file."), flag(true)),
          optional("selfHeal", boolean("Undo changes that were made by hand."), flag(true)),
          optional("suspend", boolean("Leave the whole channel alone."), flag(false)),
          optional("candidate",
                   object("How candidates/BRANCH are built for this channel.",
                          {
                              required("paths", list("Files and directories that a candidate holds.", text(""), true)),
                              optional("parent", text("Channel whose tip is the first parent.")),
                          })),
          optional(
              "guards",
              object("What waits for a person.",
                     {optional("deletes",
                               object("Mass deletion.",
                                      {
                                          optional("percent",
                                                   number("Deletes above this share of the "
                                                          "channel's objects wait for approval.",
                                                          0, 100),
                                                   Value::float64(30)),
                                          optional("atLeast", integer("Fewer deletes than this never wait.", 0, 1'000'000),
                                                   Value::int64(10)),
                                      }))})),
          optional("approvals", object("Consent before a deployment.",
                                       {optional("required", integer("Approvals of the digest that are needed.", 0, 100),
                                                 Value::int64(0))})),
          optional("freeze", freeze_shape()),
          required("releases", list("In the order in which they are shown.", release_shape())),
      });
  return whole;
}

}  // namespace detail

std::string channel_schema() {
  return json_schema(detail::channel_shape(), "https://gitopsctl.dev/schemas/channel-v1.json", "gitopsctl channel file");
}

}  // namespace gitopsctl::channels
