import Testing

@testable import Networking

@Suite struct WebSocketAddressTests {
    @Test(
        "an address is taken apart",
        arguments: [
            ("wss://stream.binance.com:9443/ws", true, "stream.binance.com", 9_443, "/ws", "stream.binance.com:9443"),
            ("WSS://a.b", true, "a.b", 443, "/", "a.b"),
            ("wss://a.b:443/x?y=1&z=/", true, "a.b", 443, "/x?y=1&z=/", "a.b"),
            ("ws://a?q", false, "a", 80, "/?q", "a"),
            ("ws://[::1]:8080/", false, "::1", 8_080, "/", "[::1]:8080"),
        ] as [(String, Bool, String, Int, String, String)])
    func parts(text: String, isSecure: Bool, host: String, port: Int, target: String, header: String) throws {
        let address = try #require(WebSocketAddress(text))
        #expect(address.isSecure == isSecure)
        #expect(address.host == host)
        #expect(address.port == port)
        #expect(address.target == target)
        #expect(address.hostHeader == header)
    }

    @Test(
        "what is none is not taken",
        arguments: [
            "", "wss://", "https://a.b/", "ws://a:0/", "ws://a:65536/", "ws://a:x/", "ws://user@a/", "ws://a/b#c",
            "ws://a/ b",
            "ws://a/\r\nEvil: 1", "ws://[::1", "ws://[::1]x/", "ws://ä/",
        ])
    func none(text: String) {
        #expect(WebSocketAddress(text) == nil)
    }
}
