// libmicrohttpd, found when a server is started: the program itself needs nothing but the C library, and a
// machine that serves nothing needs no HTTP server. Names as in microhttpd.h, without their MHD_.
#pragma once

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>

#include "base/result.h"

namespace gorotrace {

struct Microhttpd {
  decltype(&MHD_start_daemon) start_daemon;
  decltype(&MHD_quiesce_daemon) quiesce_daemon;
  decltype(&MHD_stop_daemon) stop_daemon;
  decltype(&MHD_suspend_connection) suspend_connection;
  decltype(&MHD_resume_connection) resume_connection;
  decltype(&MHD_get_connection_info) get_connection_info;
  decltype(&MHD_get_connection_values_n) get_connection_values_n;
  decltype(&MHD_create_response_from_buffer_with_free_callback_cls) create_response;
  decltype(&MHD_create_response_from_callback) create_response_from_callback;
  decltype(&MHD_set_response_options) set_response_options;
  decltype(&MHD_add_response_header) add_response_header;
  decltype(&MHD_queue_response) queue_response;
  decltype(&MHD_destroy_response) destroy_response;
  decltype(&MHD_is_feature_supported) is_feature_supported;
  decltype(&MHD_get_version) get_version;

  // Loaded at the first call and kept. kFailed: it is not installed, or older than what is built against.
  [[nodiscard]] static const Result<Microhttpd>& load();
};

// Of the library that does its TLS.
struct Gnutls {
  decltype(&gnutls_certificate_verify_peers) certificate_verify_peers;
  decltype(&gnutls_record_send) record_send;
  [[nodiscard]] static const Result<Gnutls>& load();
};

}  // namespace gorotrace
