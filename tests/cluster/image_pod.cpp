#include "tests/cluster/image_pod.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "base/crypto/digest.hpp"
#include "base/json/json.hpp"
#include "base/process/spawn.hpp"
#include "channels/http/client.hpp"

namespace gitopsctl::tests {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view account_directory = "/var/run/secrets/kubernetes.io/serviceaccount";

Value parsed(const std::string& text) {
  auto value = parse_json(text);
  if (!value.ok()) throw std::runtime_error(value.error().to_string());
  return *std::move(value);
}

void write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
  fs::permissions(path, fs::perms(0444));
}

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::int64_t number(const Value& value, std::initializer_list<std::string_view> path) {
  const Value* found = value.find_path(path);
  return found != nullptr && found->is_int() ? found->as_int() : -1;
}

void make_directory(const std::string& path, std::int64_t owner) {
  fs::create_directories(path);
  if (::chown(path.c_str(), static_cast<uid_t>(owner), static_cast<gid_t>(owner)) != 0)
    throw std::runtime_error("cannot give away " + path);
}

}  // namespace

std::string UnpackedImage::obstacle() {
  if (::geteuid() != 0) return "only root may use chroot";
  CapturedCommand command;
  command.command.program = "unshare";
  command.command.arguments = {"--mount", "mount", "--make-rprivate", "/"};
  const auto tried = run_command(command, {});
  return tried.ok() && tried->status.exit_code == 0 ? "" : "nothing can be mounted here";
}

UnpackedImage::UnpackedImage() {
  fs::permissions(directory_.path(), fs::perms(0755));
  support::run_program({"python3", std::string(GITOPSCTL_SOURCE_DIR) + "/tools/image.py",
                        std::string("--programs=") + GITOPSCTL_BINARY_DIR, "--output=" + (directory_ / "image")});
  fs::create_directories(directory_ / "layout");
  fs::create_directories(root());
  for (const auto& entry : fs::directory_iterator(directory_ / "image")) {
    if (entry.path().extension() != ".tar") continue;
    support::run_program({"tar", "-xf", entry.path().string(), "-C", directory_ / "layout"});
  }
  const auto blob = [&](const Value& descriptor) {
    return directory_ / ("layout/blobs/sha256/" + std::string(descriptor.string_at({"digest"})).substr(7));
  };
  const Value index = parsed(read(directory_ / "layout/index.json"));
  const Value manifest = parsed(read(blob(index.find("manifests")->as_list().front())));
  for (const auto& layer : manifest.find("layers")->as_list()) {
    support::run_program({"tar", "-xzpf", blob(layer), "-C", root()});
  }
  const Value config = parsed(read(blob(*manifest.find("config"))));
  for (const auto& word : config.find_path({"config", "Entrypoint"})->as_list()) entrypoint_.emplace_back(word.as_string());
}

ImagePod::ImagePod(const support::ControlPlane& plane, const UnpackedImage& image, const std::string& name_space,
                   const std::string& deployment) {
  fs::permissions(directory_.path(), fs::perms(0755));
  const Value whole = parsed(plane.kubectl({"get", "deployment", deployment, "--namespace=" + name_space, "--output=json"}));
  const Value& spec = *whole.find_path({"spec", "template", "spec"});
  container_ = spec.find("containers")->as_list().front();
  const std::int64_t user = number(spec, {"securityContext", "runAsUser"});
  const std::int64_t group = number(spec, {"securityContext", "runAsGroup"});
  const Value* read_only = container_.find_path({"securityContext", "readOnlyRootFilesystem"});
  if (user <= 0 || read_only == nullptr || !read_only->as_bool())
    throw std::runtime_error("it would be root, or write to its root");

  // Mounts: what is there, where it is seen, and how.
  std::string script = "set -e\nmount --make-rprivate /\nmount --bind \"$ROOT\" \"$ROOT\"\n";
  const auto mount = [&](const std::string& from, const std::string& to, bool can_be_written) {
    const std::string at = image.root() + to;
    fs::create_directories(at);
    script += "mount --bind '" + from + "' '" + at + "'\n";
    if (!can_be_written) script += "mount -o remount,ro,bind '" + at + "'\n";
  };
  for (const auto& volume : spec.find("volumes")->as_list()) add_volume(plane, name_space, volume);
  for (const char* place : {"/proc", "/dev"}) fs::create_directories(image.root() + place);
  // The root first: what is mounted below it keeps its own mode.
  script += "mount -o remount,ro,bind \"$ROOT\"\nmount --rbind /proc \"$ROOT/proc\"\nmount --rbind /dev \"$ROOT/dev\"\n";
  for (const auto& place : container_.find("volumeMounts")->as_list()) {
    const Value* only_read = place.find("readOnly");
    mount(directory_ / std::string(place.string_at({"name"})), std::string(place.string_at({"mountPath"})),
          only_read == nullptr || !only_read->as_bool());
  }
  const Value* token = spec.find("automountServiceAccountToken");
  if (token != nullptr && token->as_bool()) {
    const std::string account = directory_ / "token";
    fs::create_directories(account);
    write(account + "/token", plane.service_account_token(name_space, std::string(spec.string_at({"serviceAccountName"}))));
    write(account + "/ca.crt", plane.ca_pem());
    write(account + "/namespace", name_space);
    mount(account, std::string(account_directory), false);
  }
  if (const Value* init = spec.find("initContainers"); init != nullptr && init->size() > 0)
    throw std::runtime_error("it has init containers");
  script += "exec setpriv --no-new-privs chroot --userspec=" + std::to_string(user) + ":" + std::to_string(group) +
            " --groups=" + std::to_string(number(spec, {"securityContext", "fsGroup"})) + " \"$ROOT\"";
  for (const auto& word : image.entrypoint()) script += " '" + word + "'";
  for (const auto& word : container_.find("args")->as_list()) script += " '" + std::string(word.as_string()) + "'";
  write(directory_ / "start.sh", script + "\n");

  Command command;
  command.program = "unshare";
  command.arguments = {"--mount", "sh", directory_ / "start.sh"};
  command.environment = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"},
                         {"ROOT", image.root()},
                         {"HOSTNAME", deployment + "-0"},
                         {"KUBERNETES_SERVICE_HOST", "127.0.0.1"},
                         {"KUBERNETES_SERVICE_PORT", std::to_string(plane.port())}};
  if (const Value* variables = container_.find("env"); variables != nullptr) {
    for (const auto& one : variables->as_list()) {
      if (one.find("valueFrom") != nullptr) throw std::runtime_error("a variable comes from elsewhere");
      command.environment->emplace_back(one.string_at({"name"}), one.string_at({"value"}));
    }
  }
  const int log = ::open((directory_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  auto started = ChildProcess::start(command, {-1, log, log});
  ::close(log);
  if (!started.ok()) throw std::runtime_error(started.error().to_string());
  process_ = std::move(started).value();
}

ImagePod::~ImagePod() = default;

void ImagePod::add_volume(const support::ControlPlane& plane, const std::string& name_space, const Value& volume) {
  const std::string path = directory_ / std::string(volume.string_at({"name"}));
  if (volume.find("emptyDir") != nullptr) {
    constexpr std::int64_t somebody = 65532;  // fsGroup and user of the chart: checked where the pod is started
    return make_directory(path, somebody);
  }
  fs::create_directories(path);
  const bool secret = volume.find("secret") != nullptr;
  if (!secret && volume.find("configMap") == nullptr) throw std::runtime_error("a volume of an unknown kind");
  const std::string name(secret ? volume.string_at({"secret", "secretName"}) : volume.string_at({"configMap", "name"}));
  const Value object =
      parsed(plane.kubectl({"get", secret ? "secret" : "configmap", name, "--namespace=" + name_space, "--output=json"}));
  for (const auto& member : object.find("data")->as_map()) {
    const std::string value(member.value.as_string());
    write(path + '/' + std::string(member.key.view()), secret ? *base64_decode(value) : value);
  }
}

int ImagePod::probe(const std::string& which) const {
  const Value* asked = container_.find_path({which, "httpGet"});
  if (asked == nullptr) throw std::runtime_error("there is no " + which);
  std::int64_t port = -1;
  for (const auto& one : container_.find("ports")->as_list()) {
    if (one.string_at({"name"}) == asked->string_at({"port"})) port = number(one, {"containerPort"});
  }
  channels::HttpClient client({});
  channels::HttpRequest request;
  request.url = "http://127.0.0.1:" + std::to_string(port) + std::string(asked->string_at({"path"}));
  const auto answer = client.send(request, {{}, Deadline(system_clock(), Millis(5'000))});
  return answer.ok() ? answer->status : 0;
}

std::map<std::string, std::string> ImagePod::process_status() const {
  std::map<std::string, std::string> out;
  std::ifstream in("/proc/" + std::to_string(process_->pid()) + "/status");
  for (std::string line; std::getline(in, line);) {
    const auto colon = line.find(":\t");
    if (colon != std::string::npos) out[line.substr(0, colon)] = line.substr(colon + 2);
  }
  return out;
}

bool ImagePod::can_be_written(const std::string& directory) const {
  const std::string path = "/proc/" + std::to_string(process_->pid()) + "/root" + directory + "/probe";
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    if (errno != EROFS) throw std::runtime_error(path + " cannot be written for another reason");
    return false;
  }
  ::close(file);
  ::unlink(path.c_str());
  return true;
}

int ImagePod::stop() { return process_->terminate(Millis(20'000)).exit_code; }

std::string ImagePod::log() const { return read(directory_ / "log"); }

}  // namespace gitopsctl::tests
