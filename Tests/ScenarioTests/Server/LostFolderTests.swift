import Foundation
import TestSupport
import Testing

/// The real program, its data folder moved away, replaced and deleted while it trades.
@Suite(.timeLimit(.minutes(10))) struct LostFolderTests {
    private func quotes(_ server: ServerProcess) async throws -> Bool {
        // Before the strategy has begun there is nobody who could have orders.
        try await server.get("/health/trading").text.contains(#/"openOrders":[1-9]/#)
    }

    private func rests(_ server: ServerProcess) async throws -> Bool {
        try await !server.get("/health/trading").text.contains("\"openOrders\":0,")
    }

    @Test func `a data folder that is gone stops trading and is named; put back, it goes on with all that was stored`()
        async throws
    {
        let folder = try TemporaryFolder()
        let (data, away) = (folder.path + "/data", folder.path + "/away")
        let server = try await ServerProcess(
            folder: folder.path, port: try FreePort.next(), arguments: ["--example"])
        try await server.wait("it quotes") { try await quotes(server) }
        #expect(try await server.get("/health").status == 200)

        #expect(rename(data, away) == 0)
        try await server.wait("it is noticed") { try await server.get("/health").status == 503 }
        let ready = try await server.get("/health/ready")
        #expect(ready.status == 503)
        #expect(ready.text.contains("\(data)/mr_market.db was deleted or moved"), "\(ready.text)")
        try await server.wait("nothing of ours rests") { try await !rests(server) }

        #expect(rename(away, data) == 0)
        try await server.wait("all is well") { try await server.get("/health/ready").status == 200 }
        try await server.wait("it quotes again") { try await quotes(server) }
        #expect(server.interrupt() == 0, "\(server.log)")
        let books = try await Bookkeeping(folder: folder.path)
        #expect(Set(books.serverFills) == Set(books.exchangeFills))
    }

    @Test(arguments: ["mr_market.db", "mr_market.db-wal", "mr_market.db.lock"])
    func `a deleted file of the database stops trading until the next start`(_ name: String) async throws {
        let folder = try TemporaryFolder()
        let server = try await ServerProcess(
            folder: folder.path, port: try FreePort.next(), arguments: ["--example"])
        try await server.wait("it quotes") { try await quotes(server) }
        try FileManager.default.removeItem(atPath: "\(folder.path)/data/\(name)")
        try await server.wait("it is noticed") { try await server.get("/health").status == 503 }
        #expect(try await server.get("/health/ready").text.contains("/data/\(name) was deleted or moved"))
        try await server.wait("nothing of ours rests") { try await !rests(server) }
        // A halt holds all the same, in this process.
        try await server.logIn()
        let halt = try await server.post(
            "/admin/trading-state", #"{"scope":"server","state":"HALTED","reason":"the file is gone"}"#)
        #expect(halt.status < 300, "\(halt.text)")
    }
}
