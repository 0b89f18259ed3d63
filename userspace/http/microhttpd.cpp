#include "http/microhttpd.h"

#include <dlfcn.h>
#include <fmt/format.h>

namespace gorotrace {
namespace {

// The names of their ABIs, as Debian 12 and 13 have them.
constexpr const char *kMicrohttpd = "libmicrohttpd.so.12", *kGnutls = "libgnutls.so.30";

class Library {
 public:
  explicit Library(const char* name) : name_(name), handle_(dlopen(name, RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) problem_ = dlerror();
  }
  template <typename Function>
  void find(Function& function, const char* symbol) {
    if (handle_ == nullptr) return;
    function = reinterpret_cast<Function>(dlsym(handle_, symbol));
    if (function == nullptr) problem_ = fmt::format("{} has no {}: it is too old", name_, symbol);
  }
  template <typename Table>
  Result<Table> with(const Table& table, const char* package) const {
    if (problem_.empty()) return table;
    return fail(ErrorKind::kFailed,
                fmt::format("serving HTTP needs {} (Debian: apt install {}): {}", name_, package, problem_));
  }

 private:
  const char* name_;
  void* handle_;  // never closed: threads of its own may outlive whoever asked for it
  std::string problem_;
};

Result<Microhttpd> load_microhttpd() {
  Library library(kMicrohttpd);
  Microhttpd out{};
  library.find(out.start_daemon, "MHD_start_daemon");
  library.find(out.quiesce_daemon, "MHD_quiesce_daemon");
  library.find(out.stop_daemon, "MHD_stop_daemon");
  library.find(out.suspend_connection, "MHD_suspend_connection");
  library.find(out.resume_connection, "MHD_resume_connection");
  library.find(out.get_connection_info, "MHD_get_connection_info");
  library.find(out.get_connection_values_n, "MHD_get_connection_values_n");
  library.find(out.create_response, "MHD_create_response_from_buffer_with_free_callback_cls");
  library.find(out.create_response_from_callback, "MHD_create_response_from_callback");
  library.find(out.set_response_options, "MHD_set_response_options");
  library.find(out.add_response_header, "MHD_add_response_header");
  library.find(out.queue_response, "MHD_queue_response");
  library.find(out.destroy_response, "MHD_destroy_response");
  library.find(out.is_feature_supported, "MHD_is_feature_supported");
  library.find(out.get_version, "MHD_get_version");
  return library.with(out, "libmicrohttpd12");
}

Result<Gnutls> load_gnutls() {
  Library library(kGnutls);
  Gnutls out{};
  library.find(out.certificate_verify_peers, "gnutls_certificate_verify_peers");
  library.find(out.record_send, "gnutls_record_send");
  return library.with(out, "libgnutls30");
}

}  // namespace

const Result<Microhttpd>& Microhttpd::load() {
  static const Result<Microhttpd> loaded = load_microhttpd();
  return loaded;
}

const Result<Gnutls>& Gnutls::load() {
  static const Result<Gnutls> loaded = load_gnutls();
  return loaded;
}

}  // namespace gorotrace
