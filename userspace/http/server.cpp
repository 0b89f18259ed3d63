#include "http/server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/text.h"
#include "base/unique_fd.h"
#include "http/admission.h"
#include "http/connection_shares.h"
#include "http/exchange.h"
#include "http/last_refusal.h"
#include "http/microhttpd.h"

namespace gorotrace {
namespace {

using Clock = std::chrono::steady_clock;

// How often it is seen to clients that went away or take too long.
constexpr std::chrono::milliseconds kTick{200};

// How long the last answers may take at the end.
constexpr std::chrono::seconds kLastAnswers{2};

// Of a connection, all of it used as long as that is open: for a request's head and its fields (64 bytes
// each), and beside what HeadLimits leave of them for the head of an answer, of which a capture's has up to
// 18 KiB. An answer for whose head there is no room is none. What fills it before its end gets 414 or 431
// from the library.
constexpr std::size_t kMemory = std::size_t{40} << 10;

Result<UniqueFd> listen_at(const ListenAddress& address) {
  const auto failed = [&](const char* what) {
    return fail_errno(errno, fmt::format("cannot listen on {}: {}", address.text(), what));
  };
  UniqueFd fd(socket(address.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return failed("socket");
  const int yes = 1, no = 0;
  if (setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0) return failed("SO_REUSEADDR");
  if (address.address.ss_family == AF_INET6)
    (void)setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address.address), address.size) != 0)
    return failed("bind");
  if (listen(fd.get(), SOMAXCONN) != 0) return failed("listen");
  return fd;
}

Result<ListenAddress> bound_to(int fd) {
  ListenAddress out;
  out.size = sizeof out.address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&out.address), &out.size) != 0)
    return fail_errno(errno, "getsockname");
  return out;
}

std::optional<Response> too_many_connections() {
  Response out = plain(503, "too many connections");
  out.headers.emplace_back("Retry-After", "1");
  return out;
}

// Until the library has sent it.
struct Body {
  std::string text;
  std::shared_ptr<const MappedBytes> file;
  std::shared_ptr<const void> keeps;
};

}  // namespace

class Server::Impl {
 public:
  Impl(const Microhttpd& library, ServerOptions options, Handler handler)
      : library_(library),
        limits_(options.limits),
        tls_(std::move(options.tls)),
        handler_(std::move(handler)),
        counts_(std::move(options.counts)),
        deadlines_(limits_.times),
        shares_(limits_.connections, limits_.of_one_address) {
    rules_.loopback = options.address.loopback();
    rules_.token = std::move(options.token);
    rules_.client_certificate = tls_ && !tls_->client_ca.empty();
    rules_.tls = tls_.has_value();
  }
  ~Impl();

  [[nodiscard]] Status start(const ListenAddress& address);

  ListenAddress address_;
  [[nodiscard]] bool has_token() const {
    const std::lock_guard lock(mutex_);
    return rules_.token.has_value();
  }
  void set_token(std::string token) {
    const std::lock_guard lock(mutex_);
    if (rules_.token) rules_.token = std::move(token);
  }

 private:
  // As libmicrohttpd calls them, all but log_line on its thread.
  static void* on_uri(void* self, const char* uri, MHD_Connection* connection);
  static MHD_Result on_call(void* self, MHD_Connection* connection, const char* url, const char* method,
                            const char* version, const char* data, std::size_t* size, void** request);
  static void on_completed(void* self, MHD_Connection* connection, void** request,
                           MHD_RequestTerminationCode);
  static void on_connection(void* self, MHD_Connection* connection, void** context,
                            MHD_ConnectionNotificationCode what);
  static void log_line(void* self, const char* format, va_list arguments);

  // The first call of a request, with its head; the others: a part of a body, then without one, and again
  // whenever it was woken.
  [[nodiscard]] MHD_Result begin(Exchange& exchange, MHD_Connection* connection, const RequestHead& head);
  [[nodiscard]] MHD_Result go_on(const std::shared_ptr<Exchange>& exchange, MHD_Connection* connection,
                                 std::string_view data);
  [[nodiscard]] RequestHead head_of(MHD_Connection* connection, std::string_view method,
                                    std::string_view version, std::string_view uri) const;
  void answer_in_its_place();
  [[nodiscard]] std::optional<Response> refusal_of(const RequestHead& head, MHD_Connection* connection,
                                                   Request& request);
  void leave(MHD_Connection* connection);
  [[nodiscard]] bool verified(MHD_Connection* connection) const;
  void hand_on(const std::shared_ptr<Exchange>& exchange);
  [[nodiscard]] MHD_Result send(MHD_Connection* connection, Response response);
  void watch(const std::stop_token& stop);
  void tick();

  const Microhttpd& library_;
  const bool before_1_0_ = std::string_view(library_.get_version()).starts_with("0.");
  const ServerLimits limits_;
  const std::optional<TlsPem> tls_;
  const Handler handler_;
  const std::shared_ptr<ServerCounts> counts_;
  ConnectionDeadlines deadlines_;
  std::atomic<std::thread::id> thread_;  // the library's; what follows is that thread's own
  ConnectionShares shares_;
  std::map<MHD_Connection*, std::shared_ptr<Exchange>> exchanges_;

  mutable std::mutex mutex_;  // what follows
  AccessRules rules_;
  bool stopping_ = false;
  std::set<std::shared_ptr<Exchange>> waiting_;
  std::condition_variable left_;  // one of them has left
  std::string complaint_;         // the library's last line

  std::condition_variable_any tick_;
  std::jthread watch_;
  MHD_Daemon* daemon_ = nullptr;
};

void Server::Impl::log_line(void* self, const char* format, va_list arguments) {
  char text[512] = "";
  (void)std::vsnprintf(text, sizeof text, format, arguments);
  std::string line = printable(text);
  while (line.ends_with("\uFFFD"))
    line.resize(line.size() - std::string_view("\uFFFD").size());  // its newline
  spdlog::debug("http: {}", line);
  auto& impl = *static_cast<Impl*>(self);
  if (line.starts_with("Error processing request") && std::this_thread::get_id() == impl.thread_.load())
    impl.answer_in_its_place();
  const std::lock_guard lock(impl.mutex_);
  impl.complaint_ = std::move(line);
}

// The library is about to refuse a request itself. If it has read all of the head (its Content-Length is no
// number, its Cookie too long), 0.9.75 sends the head of its answer twice. We have not been shown that
// request yet, and its connection is the only one of which that is so: of others the library tells a size of
// 0, or none.
void Server::Impl::answer_in_its_place() {
  for (const auto& [connection, exchange] : exchanges_) {
    const auto* info = library_.get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    if (exchange->begun || info == nullptr || info->header_size == 0) continue;
    exchange->begun = true;
    counts_->answered(400);
    send_last_refusal(library_, connection, tls_.has_value());
  }
}

Status Server::Impl::start(const ListenAddress& wanted) {
  auto fd = listen_at(wanted);
  if (!fd) return std::unexpected(fd.error());
  auto bound = bound_to(fd->get());
  if (!bound) return std::unexpected(bound.error());
  address_ = *bound;
  const int daemons = fcntl(fd->get(), F_DUPFD_CLOEXEC, 0);  // it closes that one
  if (daemons < 0) return fail_errno(errno, "F_DUPFD_CLOEXEC");
  std::vector<MHD_OptionItem> options = {
      {MHD_OPTION_EXTERNAL_LOGGER, reinterpret_cast<std::intptr_t>(&log_line), this},
      {MHD_OPTION_LISTEN_SOCKET, daemons, nullptr},
      {MHD_OPTION_CONNECTION_LIMIT, static_cast<std::intptr_t>(limits_.connections + limits_.beyond),
       nullptr},
      {MHD_OPTION_PER_IP_CONNECTION_LIMIT,
       static_cast<std::intptr_t>(limits_.of_one_address + limits_.beyond), nullptr},
      {MHD_OPTION_CONNECTION_MEMORY_LIMIT, static_cast<std::intptr_t>(kMemory), nullptr},
      {MHD_OPTION_CONNECTION_TIMEOUT, static_cast<std::intptr_t>(limits_.times.between.count()), nullptr},
      // Before 1.0 that demands nothing that we do not demand, and would refuse a missing Host twice. Since
      // then it refuses what stands_as_sent() finds.
      {MHD_OPTION_STRICT_FOR_CLIENT, before_1_0_ ? 0 : 1, nullptr},
      {MHD_OPTION_URI_LOG_CALLBACK, reinterpret_cast<std::intptr_t>(&on_uri), this},
      {MHD_OPTION_NOTIFY_COMPLETED, reinterpret_cast<std::intptr_t>(&on_completed), this},
      {MHD_OPTION_NOTIFY_CONNECTION, reinterpret_cast<std::intptr_t>(&on_connection), this},
  };
  unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
  const auto pem = [](const std::string& text) {
    return const_cast<char*>(text.c_str());
  };  // it is only read
  if (tls_) {
    if (library_.is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
      return fail(
          ErrorKind::kUsage,
          "this gorotrace serves plain HTTP alone, as its static binary does: take the package or the "
          "image, or let a proxy on this machine serve HTTPS");
    flags |= MHD_USE_TLS;
    options.push_back({MHD_OPTION_HTTPS_MEM_CERT, 0, pem(tls_->certificate)});
    options.push_back({MHD_OPTION_HTTPS_MEM_KEY, 0, pem(tls_->key)});
    static char priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";
    options.push_back({MHD_OPTION_HTTPS_PRIORITIES, 0, priorities});
    if (!tls_->client_ca.empty()) {
      if (const auto& gnutls = Gnutls::load(); !gnutls) return std::unexpected(gnutls.error());
      options.push_back({MHD_OPTION_HTTPS_MEM_TRUST, 0, pem(tls_->client_ca)});
    }
  }
  options.push_back({MHD_OPTION_END, 0, nullptr});
  daemon_ = library_.start_daemon(flags, 0, nullptr, nullptr, &on_call, this, MHD_OPTION_ARRAY,
                                  options.data(), MHD_OPTION_END);
  if (daemon_ == nullptr) {
    const std::lock_guard lock(mutex_);
    return fail(
        tls_ ? ErrorKind::kUsage : ErrorKind::kFailed,
        fmt::format("cannot serve on {}{}: {}", address_.text(), tls_ ? " with these certificates" : "",
                    complaint_.empty() ? "libmicrohttpd does not say why" : complaint_));
  }
  watch_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
  return {};
}

Server::Impl::~Impl() {
  if (daemon_ == nullptr) return;
  std::set<std::shared_ptr<Exchange>> waiting;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    waiting = waiting_;
  }
  for (const auto& exchange : waiting) exchange->give_up(plain(503, "the server ends"));
  waiting.clear();
  {
    // The library's thread has yet to send them, and closes what is open when it is stopped.
    std::unique_lock lock(mutex_);
    left_.wait_for(lock, kLastAnswers, [this] { return waiting_.empty(); });
  }
  watch_ = {};
  library_.stop_daemon(daemon_);
}

void* Server::Impl::on_uri(void* self, const char* uri, MHD_Connection* connection) {
  auto& impl = *static_cast<Impl*>(self);
  impl.deadlines_.at(connection, ConnectionDeadlines::Step::kRequest, Clock::now());
  impl.leave(connection);
  auto exchange = std::make_shared<Exchange>(impl.library_, connection, uri == nullptr ? "" : uri);
  // Nobody looks at the library's own list of the query's parts. It takes memory of the connection for each,
  // and 0.9.75 never answers a request that uses all of it so: it is shown an empty query, in its own buffer.
  if (char* const query = uri == nullptr ? nullptr : std::strchr(const_cast<char*>(uri), '?'))
    query[1] = '\0';
  return (impl.exchanges_[connection] = std::move(exchange)).get();
}

// The request is over, whichever way.
void Server::Impl::leave(MHD_Connection* connection) {
  const auto found = exchanges_.find(connection);
  if (found == exchanges_.end()) return;
  found->second->completed();
  {
    const std::lock_guard lock(mutex_);
    waiting_.erase(found->second);
  }
  left_.notify_all();
  exchanges_.erase(found);
}

void Server::Impl::on_completed(void* self, MHD_Connection* connection, void** request,
                                MHD_RequestTerminationCode) {
  auto& impl = *static_cast<Impl*>(self);
  impl.leave(connection);
  impl.deadlines_.at(connection, ConnectionDeadlines::Step::kBetween, Clock::now());
  *request = nullptr;
}

void Server::Impl::on_connection(void* self, MHD_Connection* connection, void**,
                                 MHD_ConnectionNotificationCode what) {
  auto& impl = *static_cast<Impl*>(self);
  impl.thread_ = std::this_thread::get_id();
  const auto* info = impl.library_.get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
    impl.deadlines_.closed(connection);
    impl.shares_.closed(connection);
    impl.leave(connection);  // 0.9.75 does not say of every request that it is over
  } else if (info != nullptr) {
    impl.deadlines_.opened(connection, info->connect_fd, Clock::now());
    const auto* from = impl.library_.get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    impl.shares_.opened(connection, from != nullptr ? from->client_addr : nullptr);
  }
  impl.counts_->connections(impl.deadlines_.size());
}

MHD_Result Server::Impl::on_call(void* self, MHD_Connection* connection, const char* url, const char* method,
                                 const char* version, const char* data, std::size_t* size, void**) {
  auto& impl = *static_cast<Impl*>(self);
  const auto found = impl.exchanges_.find(connection);
  if (found == impl.exchanges_.end()) return MHD_NO;
  const std::shared_ptr<Exchange> exchange = found->second;
  const std::string_view part = *size > 0 ? std::string_view(data, *size) : std::string_view();
  *size = 0;
  if (exchange->begun) return impl.go_on(exchange, connection, part);
  RequestHead head = impl.head_of(connection, method, version, exchange->uri);
  RequestHead in_place = head;
  in_place.target =
      std::string_view(url, exchange->uri.size());  // decoded there since; only where it is counts
  head.as_sent = !impl.before_1_0_ || stands_as_sent(in_place);
  return impl.begin(*exchange, connection, head);
}

MHD_Result Server::Impl::begin(Exchange& exchange, MHD_Connection* connection, const RequestHead& head) {
  exchange.begun = true;
  auto refused =
      shares_.has_share(connection) ? refusal_of(head, connection, exchange.request) : too_many_connections();
  if (!refused) return MHD_YES;
  exchange.handed_on = true;
  return send(connection, *std::move(refused));
}

MHD_Result Server::Impl::go_on(const std::shared_ptr<Exchange>& exchange, MHD_Connection* connection,
                               std::string_view data) {
  if (!data.empty()) {
    exchange->request.body += data;  // as much as its head announced, which was looked at
    return MHD_YES;
  }
  if (!exchange->handed_on) {
    exchange->handed_on = true;
    deadlines_.at(connection, ConnectionDeadlines::Step::kOurs, Clock::now());
    hand_on(exchange);
  }
  auto response = exchange->answer_or_sleep();
  if (!response) return MHD_YES;
  return send(connection, *std::move(response));
}

// Of the strings of `connection`, and of `uri`.
RequestHead Server::Impl::head_of(MHD_Connection* connection, std::string_view method,
                                  std::string_view version, std::string_view uri) const {
  RequestHead head{method, uri, version, 0, {}};
  const auto* info = library_.get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
  if (info != nullptr) head.bytes = info->header_size;
  const auto add = [](void* fields, MHD_ValueKind, const char* name, std::size_t name_size, const char* value,
                      std::size_t value_size) {
    static_cast<decltype(head.fields)*>(fields)->emplace_back(
        std::string_view(name, name_size),
        value == nullptr ? std::string_view() : std::string_view(value, value_size));
    return MHD_YES;
  };
  library_.get_connection_values_n(connection, MHD_HEADER_KIND, add, &head.fields);
  return head;
}

std::optional<Response> Server::Impl::refusal_of(const RequestHead& head, MHD_Connection* connection,
                                                 Request& request) {
  request.served_at = address_.text();
  const bool certified = tls_ && !tls_->client_ca.empty() && verified(connection);
  const std::lock_guard lock(mutex_);
  return admission_refusal(head, {limits_.head, rules_, certified}, request);
}

bool Server::Impl::verified(MHD_Connection* connection) const {
  const auto* info = library_.get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
  const auto& gnutls = Gnutls::load();
  if (info == nullptr || info->tls_session == nullptr || !gnutls) return false;
  gnutls_typed_vdata_st purpose{};
  static char client[] = GNUTLS_KP_TLS_WWW_CLIENT;
  purpose.type = GNUTLS_DT_KEY_PURPOSE_OID;
  purpose.data = reinterpret_cast<unsigned char*>(client);
  unsigned status = ~0u;
  return gnutls->certificate_verify_peers(static_cast<gnutls_session_t>(info->tls_session), &purpose, 1,
                                          &status) == GNUTLS_E_SUCCESS &&
         status == 0;
}

void Server::Impl::hand_on(const std::shared_ptr<Exchange>& exchange) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return exchange->respond(plain(503, "the server ends"));
    waiting_.insert(exchange);
  }
  handler_(exchange->request, [exchange](Response response) { exchange->respond(std::move(response)); });
}

MHD_Result Server::Impl::send(MHD_Connection* connection, Response response) {
  deadlines_.at(connection, ConnectionDeadlines::Step::kAnswer, Clock::now());
  const bool length_unknown = response.length_unknown;
  auto* const body = new Body{std::move(response.body), std::move(response.file), std::move(response.keeps)};
  const std::string_view bytes = body->file ? body->file->view() : std::string_view(body->text);
  const auto done = [](void* of) { delete static_cast<Body*>(of); };
  const auto no_more = [](void*, std::uint64_t, char*, std::size_t) -> ssize_t {
    return MHD_CONTENT_READER_END_OF_STREAM;
  };
  MHD_Response* const out =
      length_unknown ? library_.create_response_from_callback(MHD_SIZE_UNKNOWN, 1, no_more, body, done)
                     : library_.create_response(bytes.size(), const_cast<char*>(bytes.data()), done, body);
  if (out == nullptr) {
    delete body;
    return MHD_NO;
  }
  // Else 0.9.75 sends the last chunk of a body to HEAD, too.
  if (length_unknown) library_.set_response_options(out, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
  for (const auto& [name, value] : response.headers) {
    if (library_.add_response_header(out, name.c_str(), value.c_str()) != MHD_YES)
      spdlog::debug("http: header {} cannot be sent", name);
  }
  counts_->answered(response.status);
  const MHD_Result queued = library_.queue_response(connection, response.status, out);
  library_.destroy_response(out);
  return queued;
}

void Server::Impl::watch(const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    tick_.wait_for(lock, stop, kTick, [] { return false; });
    tick();
  }
}

void Server::Impl::tick() {
  const auto now = Clock::now();
  deadlines_.end_overdue(now);
  std::set<std::shared_ptr<Exchange>> waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting = waiting_;
  }
  for (const auto& exchange : waiting) {
    if (exchange->client_went_away(now, limits_.times.half_closed)) {
      exchange->give_up(plain(503, "given up: the client has closed its side of the connection"));
    } else if (now - exchange->since() > limits_.answer_made + exchange->longer()) {
      exchange->give_up(plain(503, "not answered in time"));
    }
  }
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, Handler handler) {
  const auto& library = Microhttpd::load();
  if (!library) return std::unexpected(library.error());
  const ListenAddress address = options.address;
  auto impl = std::make_unique<Impl>(*library, std::move(options), std::move(handler));
  if (auto started = impl->start(address); !started) return std::unexpected(started.error());
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

const ListenAddress& Server::address() const {
  return impl_->address_;
}

bool Server::has_token() const {
  return impl_->has_token();
}

void Server::set_token(std::string token) {
  impl_->set_token(std::move(token));
}

}  // namespace gorotrace
