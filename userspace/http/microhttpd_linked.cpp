// Of a static binary, which can load nothing: the library is in it, without TLS.
#include "http/microhttpd.h"

namespace gorotrace {

const Result<Microhttpd>& Microhttpd::load() {
  static const Result<Microhttpd> linked =
      Microhttpd{.start_daemon = &MHD_start_daemon,
                 .quiesce_daemon = &MHD_quiesce_daemon,
                 .stop_daemon = &MHD_stop_daemon,
                 .suspend_connection = &MHD_suspend_connection,
                 .resume_connection = &MHD_resume_connection,
                 .get_connection_info = &MHD_get_connection_info,
                 .get_connection_values_n = &MHD_get_connection_values_n,
                 .create_response = &MHD_create_response_from_buffer_with_free_callback_cls,
                 .create_response_from_callback = &MHD_create_response_from_callback,
                 .set_response_options = &MHD_set_response_options,
                 .add_response_header = &MHD_add_response_header,
                 .queue_response = &MHD_queue_response,
                 .destroy_response = &MHD_destroy_response,
                 .is_feature_supported = &MHD_is_feature_supported,
                 .get_version = &MHD_get_version};
  return linked;
}

const Result<Gnutls>& Gnutls::load() {
  static const Result<Gnutls> none = fail(ErrorKind::kUnsupported, "a static binary has no TLS");
  return none;
}

}  // namespace gorotrace
