import Scheduling
import Testing
import TradingCore

@Suite("Client order id")
struct ClientOrderIDTests {
    @Test(
        "is 6 bits installation, 13 bits session, 26 bits sequence from the top",
        arguments: [
            (0, 0, 0, 0), (0, 0, 67_108_863, 67_108_863), (0, 1, 0, 67_108_864), (0, 8_191, 0, 549_688_705_024),
            (1, 0, 0, 549_755_813_888), (63, 0, 0, 34_634_616_274_944), (1, 2, 3, 549_890_031_619),
            (63, 8_191, 67_108_863, 35_184_372_088_831),
        ] as [(UInt8, UInt16, UInt32, UInt64)])
    func layout(installation: UInt8, session: UInt16, sequence: UInt32, raw: UInt64) throws {
        let id = try #require(ClientOrderID(rawValue: raw))
        #expect(id.installation.rawValue == installation)
        #expect(id.session.rawValue == session)
        #expect(id.sequence == sequence)
        #expect(id.description == String(raw))
        var source = ClientOrderIDSource(
            installation: try #require(InstallationID(installation)), session: try #require(SessionID(session)),
            nextSequence: sequence)
        #expect(source.next() == id)
    }

    @Test("numbers that no server of ours could have made are refused")
    func bounds() {
        #expect(ClientOrderID(rawValue: 1 << 45) == nil)
        #expect(ClientOrderID(rawValue: .max) == nil)
        #expect(ClientOrderID(rawValue: 1 << 45 - 1) != nil)
        #expect(InstallationID(63) != nil)
        #expect(InstallationID(64) == nil)
        #expect(InstallationID(.max) == nil)
        #expect(SessionID(8_191) != nil)
        #expect(SessionID(8_192) == nil)
        #expect(SessionID(.max) == nil)
    }

    @Test("a later id of a session is greater")
    func ordered() throws {
        let (first, second) = try (#require(ClientOrderID(rawValue: 7)), #require(ClientOrderID(rawValue: 8)))
        #expect(first < second)
        #expect(try #require(SessionID(1)) < #require(SessionID(2)))
    }
}

@Suite("Client order id source")
struct ClientOrderIDSourceTests {
    @Test("hands out each number once and knows its own", arguments: Seeds.all)
    func once(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let sessions = try (0..<20).map { _ in
            ClientOrderIDSource(
                installation: try #require(InstallationID(UInt8(random.below(64)))),
                session: try #require(SessionID(UInt16(random.below(8_192)))),
                nextSequence: UInt32(random.below(1 << 20)))
        }
        var seen: Set<ClientOrderID> = []
        for (index, start) in sessions.enumerated() {
            var source = start
            for _ in 0..<20 {
                let made = source.next()
                let id = try #require(made)
                #expect(seen.insert(id).inserted)
                #expect(source.made(id))
                #expect(!start.made(id), "not yet made when the session started")
                #expect(!sessions[(index + 1) % sessions.count].made(id), "another session's")
            }
            #expect(source.nextSequence == start.nextSequence + 20)
        }
    }

    @Test("is exhausted after its 2²⁶ ids, and stays so")
    func exhausted() throws {
        let (installation, session) = try (#require(InstallationID(3)), #require(SessionID(9)))
        var source = ClientOrderIDSource(installation: installation, session: session, nextSequence: (1 << 26) - 2)
        #expect(source.next()?.sequence == 67_108_862)
        let final = source.next()
        let last = try #require(final)
        #expect(last.sequence == 67_108_863)
        #expect(last.installation == installation)
        #expect(last.session == session)
        #expect(source.next() == nil)
        #expect(source.next() == nil)
        #expect(source.made(last))
        #expect(source.nextSequence == 1 << 26)
        var beyond = ClientOrderIDSource(installation: installation, session: session, nextSequence: .max)
        #expect(beyond.next() == nil)
    }

    @Test("takes back only the id made last, and hands it out again")
    func takesBack() throws {
        let (installation, session) = try (#require(InstallationID(2)), #require(SessionID(5)))
        var source = ClientOrderIDSource(installation: installation, session: session)
        var other = ClientOrderIDSource(installation: installation, session: try #require(SessionID(6)))
        let made = [source.next(), source.next(), other.next(), other.next()].compactMap { $0 }
        try #require(made.count == 4)
        source.takeBack(made[0])
        source.takeBack(made[3])
        #expect(source.nextSequence == 2)
        source.takeBack(made[1])
        #expect(!source.made(made[1]))
        #expect(source.next() == made[1])
    }

    @Test("goes on where the stored number says")
    func resumes() throws {
        let (installation, session) = try (#require(InstallationID(0)), #require(SessionID(0)))
        var source = ClientOrderIDSource(installation: installation, session: session, nextSequence: 41)
        let stored = try #require(ClientOrderID(rawValue: 40))
        #expect(source.made(stored), "before the restart")
        #expect(source.next()?.rawValue == 41)
        #expect(source.next()?.rawValue == 42)
    }
}
