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

    /// The client's address, without its port; of an IPv6 address the half that is not its owner's to choose.
    var client: String {
        guard let remoteAddress, let text = remoteAddress.ipAddress else { return "local" }
        guard text.utf8.contains(UInt8(ascii: ":")), let bytes = ConnectionOrigin.bytes(remoteAddress) else {
            return text
        }
        return bytes.count == 4
            ? bytes.map(String.init).joined(separator: ".") : bytes.prefix(8).map(String.init).joined(separator: ":")
    }
}
