#include "agent/install/install.hpp"

#include "agent/cli/runs.hpp"
#include "agent/cli/uninstall_channel.hpp"
#include "agent/config/credential_file.hpp"
#include "base/process/signals.hpp"
#include "base/text/escape.hpp"

namespace gitopsctl::agent::cli {

namespace {

constexpr std::size_t max_values_bytes = 4 << 20;

std::string_view word(install::InstallStep::What what) {
  switch (what) {
    case install::InstallStep::What::created: return "created";
    case install::InstallStep::What::configured: return "configured";
    case install::InstallStep::What::unchanged: return "unchanged";
    case install::InstallStep::What::removed: return "removed";
    case install::InstallStep::What::kept: break;
  }
  return "kept as it is";
}

install::InstallProgress tell(Terminal& terminal) {
  return [&terminal](const install::InstallStep& step) {
    terminal.out(terminal_safe(step.id.to_string()) + ' ' + std::string(word(step.what)) + '\n');
  };
}

Result<install::InstallRequest> read_request(const Invocation& invocation) {
  install::InstallRequest request;
  request.release = invocation.text("name", request.release);
  request.namespace_ = invocation.text("namespace", request.namespace_);
  request.sets = invocation.list("set");
  for (const auto& file : invocation.list("values")) {
    GITOPSCTL_TRY(auto text, detail::read_small_file(file, max_values_bytes));
    request.values.push_back({file, std::move(text)});
  }
  return request;
}

/// The public half goes where it cannot be taken for a part of the answer.
void show_deploy_key(Terminal& terminal, const std::string& repository, const std::string& secret,
                     const std::string& public_text) {
  terminal.err("deploy key of " + repository + ", to be registered with the right to push:\n  " +
               terminal_safe(public_text) + "\n  its private half is in Secret " + secret +
               "; name that in secretFiles of the values\n");
}

/// `-o yaml`: for kubectl, or for a look.
Result<int> print_installation(const Invocation& invocation, const install::Installation& installation) {
  Terminal& terminal = invocation.terminal();
  std::string text = installation.text;
  for (const auto& repository : invocation.list("deploy-key")) {
    GITOPSCTL_TRY(const auto key, install::make_deploy_key(installation, repository));
    text += key.text;
    show_deploy_key(terminal, repository, key.secret.id.name, key.public_text);
  }
  terminal.out(text);
  return 0;
}

Result<int> apply_and_wait(const Invocation& invocation, const install::Installation& installation) {
  Terminal& terminal = invocation.terminal();
  GITOPSCTL_TRY(const auto target,
                install::open_install_target(invocation.text("kubeconfig"), invocation.text("context"), system_clock()));
  const std::stop_token stop = stop_on_signals();
  GITOPSCTL_CHECK(install::apply_installation(*target, installation, tell(terminal)));
  for (const auto& repository : invocation.list("deploy-key")) {
    GITOPSCTL_TRY(const auto key, install::make_deploy_key(installation, repository));
    GITOPSCTL_TRY(const auto public_text, install::apply_deploy_key(*target, key, tell(terminal)));
    show_deploy_key(terminal, repository, key.secret.id.name, public_text);
  }
  if (!invocation.is_set("wait")) return 0;
  const Interrupt interrupt{stop, Deadline(system_clock(), invocation.duration("timeout").value_or(Millis(300'000)))};
  GITOPSCTL_CHECK(install::wait_for_installation(*target, installation, system_clock(), interrupt));
  terminal.out("the agent of installation " + installation.installation + " runs\n");
  return 0;
}

}  // namespace

Result<int> run_install(const Invocation& invocation) {
  GITOPSCTL_TRY(const auto request, read_request(invocation));
  GITOPSCTL_TRY(const auto installation, install::render_installation(request));
  for (const auto& warning : installation.warnings) {
    invocation.terminal().err("warning: " + terminal_safe(warning) + '\n');
  }
  return invocation.output() == OutputFormat::yaml ? print_installation(invocation, installation)
                                                   : apply_and_wait(invocation, installation);
}

Result<int> run_uninstall(const Invocation& invocation) {
  if (!invocation.arguments().empty()) return uninstall_channel(invocation);
  install::UninstallRequest request;
  request.release = invocation.text("name", request.release);
  request.namespace_ = invocation.text("namespace", request.namespace_);
  request.confirm = invocation.text("confirm");
  request.purge = invocation.is_set("purge");
  GITOPSCTL_TRY(const auto target,
                install::open_install_target(invocation.text("kubeconfig"), invocation.text("context"), system_clock()));
  GITOPSCTL_CHECK(install::uninstall(*target, request, tell(invocation.terminal())));
  if (!request.purge) {
    invocation.terminal().out("what was deployed stays, and so does what a new installation needs to go on; --purge\n");
  }
  return 0;
}

}  // namespace gitopsctl::agent::cli
