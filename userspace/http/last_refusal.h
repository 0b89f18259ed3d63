// The answer to a request that is none, written past libmicrohttpd, where that would not answer well.
#pragma once

#include "http/microhttpd.h"

namespace gorotrace {

// 400 without a body, as one to HEAD must be, whatever the request was. It is the last that goes out on the
// connection: the library finds its sending side closed, and closes the rest. If the socket takes it only in
// part, so be it. The server's thread, while no answer is being sent on the connection.
void send_last_refusal(const Microhttpd& library, MHD_Connection* connection, bool tls);

}  // namespace gorotrace
