import Hummingbird
import Logging
import NIOCore

/// What a request carries along: who sent it, and the template of its route.
struct AppRequestContext: RequestContext, RemoteAddressRequestContext {
    var coreContext: CoreRequestContextStorage
    let remoteAddress: SocketAddress?

    init(source: Source) {
        coreContext = .init(source: source)
        remoteAddress = source.channel.remoteAddress
    }

    /// The client's address, without its port.
    var client: String { remoteAddress?.ipAddress ?? "local" }
}
