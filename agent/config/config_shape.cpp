#include "agent/config/config_shape.hpp"

#include "agent/config/agent_config.hpp"

namespace gitopsctl::agent {

namespace detail {

namespace {

using namespace shape;

Value text_value(std::string_view value) { return Value::string(value); }

ConfigShape credentials_shape() {
  return object(
      "How to log in. Every file is read again when it changes.",
      {
          optional("username", text("For basic authentication.")),
          optional("passwordFile", text("File with the password or token.")),
          optional("tokenFile", text("File with a bearer token, instead of the two.")),
          optional("sshKeyFile", text("Over SSH: the private key, in OpenSSH's format or PEM.")),
          optional("sshKeyPassphraseFile", text("File with the passphrase of that key.")),
          optional("knownHostsFile", text("Over SSH: the host keys to believe, in OpenSSH's format.")),
          optional("knownHosts", text("The same as text, instead of the file.")),
          optional("githubApp",
                   object("As an installation of a GitHub App.",
                          {
                              required("appId", any("The App ID or Client ID.")),
                              required("installationId", integer("The installation.", 1, 1e15)),
                              required("privateKeyFile", text("The app's private key, as GitHub made it (PEM).")),
                              optional("apiUrl", text("The API of the server."), text_value("https://api.github.com")),
                          })),
      });
}

ConfigShape repository_shape() {
  return object(
      "A Git repository that is watched.",
      {
          required("name", text("Part of the identity of its releases: a DNS label that never changes.")),
          required("url",
                   text("https://…, ssh://user@host/path, user@host:path, http://…, file://… or an absolute path; without "
                        "password.")),
          optional("credentials", credentials_shape()),
          optional("caFile", text("Certificates (PEM) to trust instead of the system's. Read again when it changes.")),
          optional("proxy", text("HTTP proxy; from the environment by default, and none over SSH.")),
          optional("poll",
                   object("How often it is looked at.",
                          {
                              optional("interval", duration("After a success."), text_value("15s")),
                              optional("jitter", number("Share of the interval, both ways.", 0, 1), Value::float64(0.1)),
                              optional("maxBackoff", duration("After failures, at most."), text_value("5m")),
                          })),
          optional("timeout", duration("Of one listing or fetch."), text_value("2m")),
          optional("maxPackBytes", integer("A fetch that is larger is given up.", 1, 1e15), Value::float64(4294967296)),
          optional("candidates", boolean("Build candidates from its source branches."), Value::boolean(true)),
          optional("sourceBranches", list("Patterns; all but releases/** and candidates/** by default.", text(""))),
      });
}

ConfigShape charts_shape() {
  return object(
      "Charts that are not in the repositories: from chart repositories over http(s) and from OCI registries.",
      {
          optional("cache", object("What was downloaded, by its digest.",
                                   {
                                       optional("path", text("Its directory; charts in stateDirectory by default.")),
                                       optional("maxBytes", integer("What was used longest ago goes beyond that.", 1, 1e15),
                                                Value::float64(1073741824)),
                                   })),
          optional("timeout", duration("Of one fetch; the releases of a run wait for it."), text_value("30s")),
          optional("dockerConfigFile",
                   text("A config.json of Docker's form with user and password of hosts that are not listed here.")),
          optional("onlyListedHosts", boolean("Ask no host for charts that is not listed here, whatever a commit says."),
                   Value::boolean(false)),
          optional(
              "hosts",
              list("How a host is reached.",
                   object(
                       "One host.",
                       {
                           required("host", text("Name, with :port when that is not the usual one.")),
                           optional("credentials",
                                    object("How to log in. Every file is read again when it changes.",
                                           {
                                               optional("username", text("For basic authentication, and for "
                                                                         "the token server of a registry.")),
                                               optional("passwordFile", text("File with the password.")),
                                               optional("tokenFile", text("File with a bearer token, instead of the two.")),
                                           })),
                           optional("caFile", text("Certificates (PEM) to trust instead of the system's.")),
                           optional("proxy", text("HTTP proxy; from the environment by default.")),
                           optional("plainHTTP", boolean("Speak http with this registry; send credentials over http."),
                                    Value::boolean(false)),
                       }))),
      });
}

ConfigShape environment_shape() {
  return object("A place where channels land.",
                {
                    required("name", text("A DNS label.")),
                    required("kind", choice("What it is.", {"embedded", "cluster"})),
                    optional("path", text("Of kind embedded: its SQLite file.")),
                    optional("kubeconfig", text("Of kind cluster: how to reach it; by default as kubectl finds it, and in a "
                                                "pod the cluster of the pod.")),
                    optional("context", text("Of kind cluster: context of the kubeconfig; its current one by default.")),
                });
}

ConfigShape binding_shape() {
  return object(
      "Which channel lands where; the order is the order of promotion.",
      {
          required("repository", text("Name of a repository of this file.")),
          required("channel", text("Name of the channel: its branch is releases/NAME.")),
          required("environment", text("Name of an environment of this file.")),
          optional("namespaces", list("The only namespaces that the channel may use; all by default.", text(""))),
          optional("channelFile", text("Path of the channel file in the repository, instead of the usual places.")),
          optional("serviceAccount", text("NAMESPACE/NAME of the account that writes the channel's objects, in a cluster.")),
      });
}

ConfigShape render_limits_shape() {
  return object(
      "What the render of one release may take.",
      {
          optional("memoryMiB", integer("Memory held at once.", 16, 1 << 20), Value::int64(256)),
          optional("cpuTime", duration("Computing, in time of a processor."), text_value("8s")),
          optional("steps", integer("Nodes of templates walked and turns of loops.", 1'000, 1e12), Value::int64(50'000'000)),
          optional("outputMiB", integer("Text written by templates.", 1, 1 << 20), Value::int64(256)),
          optional("includeDepth", integer("Nested calls of one template.", 1, 10'000), Value::int64(1'000)),
      });
}

}  // namespace

const ConfigShape& agent_shape() {
  static const ConfigShape whole = object(
      "What one agent serves.",
      {
          optional("apiVersion", choice("", {"gitopsctl.dev/v1"})),
          optional("kind", choice("", {"Agent"})),
          optional("installation", text("Part of the identity of all releases: a DNS label that never changes."),
                   text_value("default")),
          optional("stateDirectory", text("Mirrors and caches."), text_value("/var/lib/gitopsctl")),
          optional("store", object("History and queues.",
                                   {
                                       optional("kind", choice("", {"sqlite"}), text_value("sqlite")),
                                       optional("path", text("The SQLite file; store.db in stateDirectory by default.")),
                                   })),
          optional("listen", text("host:port of the HTTP server; none by default.")),
          required("repositories", list("", repository_shape(), true)),
          required("environments", list("", environment_shape(), true)),
          required("bindings", list("", binding_shape(), true)),
          optional("charts", charts_shape()),
          optional("forges", list("Not supported by this version: must be empty.", any(""))),
          optional("secrets", list("Not supported by this version: must be empty.", any(""))),
          optional("notify", list("Not supported by this version: must be empty.", any(""))),
          optional(
              "drift",
              object("Looking for changes that were made by hand.",
                     {optional("interval",
                               duration("How often, besides what watches tell; 50 ms for each object where that is more."),
                               text_value("30s"))})),
          optional("limits",
                   object("", {optional("renderThreads", integer("Releases rendered at once.", 1, 256), Value::int64(2)),
                               optional("render", render_limits_shape())})),
          optional("render", object("", {optional("isolate", boolean("Render each release in a locked process of its own."),
                                                  Value::boolean(false))})),
          optional("log", object("",
                                 {
                                     optional("format", choice("", {"text", "json"}), text_value("text")),
                                     optional("level", choice("", {"debug", "info", "warn", "error"}), text_value("info")),
                                 })),
      });
  return whole;
}

}  // namespace detail

std::string agent_config_schema() {
  return json_schema(detail::agent_shape(), "https://gitopsctl.dev/schemas/agent-v1.json", "gitopsctl agent file");
}

}  // namespace gitopsctl::agent
