/// Where a `ws` or `wss` address leads.
struct WebSocketAddress: Hashable, Sendable {
    var isSecure: Bool
    var host: String
    var port: Int
    /// Path and query, as sent.
    var target: String

    /// - Returns: nil for what is no such address, or holds a user name, a fragment or control characters.
    init?(_ text: String) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !text.contains("#") else { return nil }
        let rest: Substring
        if text.lowercased().hasPrefix("wss://") {
            isSecure = true
            rest = text.dropFirst(6)
        } else if text.lowercased().hasPrefix("ws://") {
            isSecure = false
            rest = text.dropFirst(5)
        } else {
            return nil
        }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let tail = rest.dropFirst(authority.count)
        target = tail.isEmpty ? "/" : tail.hasPrefix("?") ? "/" + tail : String(tail)
        guard let (host, port) = Self.split(authority, isSecure ? 443 : 80) else { return nil }
        (self.host, self.port) = (host, port)
    }

    private static func split(_ authority: Substring, _ usual: Int) -> (String, Int)? {
        guard !authority.contains("@") else { return nil }
        let host: Substring, rest: Substring
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<end]
            rest = authority[authority.index(after: end)...]
        } else {
            host = authority.prefix { $0 != ":" }
            rest = authority.dropFirst(host.count)
        }
        if host.isEmpty { return nil }
        if rest.isEmpty { return (String(host), usual) }
        guard rest.hasPrefix(":"), let port = Int(rest.dropFirst()), (1...65_535).contains(port) else { return nil }
        return (String(host), port)
    }

    /// For the `Host` header.
    var hostHeader: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }
}

extension WebSocketAddress {
    /// Whether the host is a number, which TLS does not take for a server's name.
    var isNumber: Bool { host.contains(":") || host.allSatisfy { $0.isNumber || $0 == "." } }
}
