import Jobs
public import Persistence
import Scheduling
import TradingCore

/// The money core at work: customers pay in, trade, hold and withdraw; servers book, queue, send and pay; an operator
/// interferes; and everything goes wrong that a seed can think of.
public struct DeskScenario: SimulationScenario {
    /// Rules that are broken on purpose.
    public var mutation: DeskMutation?
    public var serverMutation: ServerMutation?
    public var stepLimit = 160

    public init(mutation: DeskMutation? = nil, serverMutation: ServerMutation? = nil) {
        self.mutation = mutation
        self.serverMutation = serverMutation
    }

    public var migrations: [Migration] { DeskTables.migrations }
    public var journal: [JournalTrigger] { DeskTables.journal }

    public func populate(_ world: SimulationWorld) {
        // A stream of its own: what is set does not depend on what happens.
        var random = SplitMix64(seed: world.seed ^ 0x5E77_1265)
        var switches = ServerSwitches(&random)
        // Fencing matters where a living server was taken for dead; it is rarely, unless its heart beats late.
        if serverMutation == .noFencing { switches.heartbeatInterval = 3 * switches.leaseNanoseconds }
        let patience = Nanoseconds.milliseconds([400, 1_500][Int(random.below(2))])
        let runner = SagaRunner(Payout(patience: patience), PayoutInterpreter())
        let inbox = Inbox()
        let customers = Customers(inbox, wishes: 8 + Int(random.below(14)))
        let (network, market) = (PaymentNetwork(world), Market(world, inbox))
        let desk = Desk(runner: runner, mutation: mutation, deadLetterHoldsKey: random.below(2) == 0)
        let handlers = DeskHandlers(network: network, market: market, runner: runner, mutation: mutation)
        let setup = setup(switches, handlers, &random)

        for number in 0..<(1 + random.below(3)) {
            let skew = switches.maximumSkew == 0 ? 0 : Int64(random.below(UInt64(switches.maximumSkew)))
            world.add(ServerNode("server-\(number)", setup, skew: skew, world: world))
        }
        for number in 0..<2 { world.add(Front("front-\(number)", inbox, desk)) }
        world.add(customers)
        world.add(network)
        world.add(market)
        world.add(Operator(setup.queues.map(\.name), runner, switches.outbox))

        world.add(MoneyCheck())
        world.add(JobsCheck(effectKinds: [StatementLine.kind]))
        world.add(SagaCheck())
        world.add(MessageCheck())
        world.add(ScheduleCheck())
        world.add(LedgerCheck())
        world.add(DeskCheck(customers: customers, network: network, market: market))
    }

    private func setup(
        _ switches: ServerSwitches, _ handlers: DeskHandlers, _ random: inout SplitMix64
    ) -> ServerSetup {
        let rate = random.below(3) == 0 ? JobRate(count: 3, per: .milliseconds(200)) : nil
        let names: [QueueName] = ["statements", "payments", "orders", SagaTimeout.queue]
        let queues = names.map { name in
            QueueConfiguration(
                name, concurrency: switches.concurrency, rate: name == "statements" ? rate : nil,
                retention: switches.retention, maximumFinished: switches.maximumFinished)
        }
        var known = JobHandlers()
        if mutation != .effectOutsideCompletion { known.add(StatementLineHandler(mutation: mutation)) }
        known.add(CloseOrderHandler(mutation: mutation))
        known.add(CaptureHoldHandler())
        known.add(TickHandler())
        known.add(SagaTimeoutHandler(SagaRegistry([handlers.runner])))
        let receiver = MessageReceiver(mutation: mutation)
        var setup = ServerSetup(
            switches: switches, queues: queues, engine: JobEngine(handlers: known, seed: random.next()),
            outside: handlers.outside, schedules: Self.schedules, sink: receiver.receive)
        setup.mutation = serverMutation
        return setup
    }

    static let schedules = [
        JobSchedule("expiry", .every(.seconds(1)), catchUp: .once) {
            try NewJob(Tick(schedule: "expiry", tick: $0))
        },
        JobSchedule("report", .every(.seconds(2)), catchUp: .all(maximum: 1_000)) {
            try NewJob(Tick(schedule: "report", tick: $0))
        },
        JobSchedule("close", everyFiveSeconds, catchUp: .skip(tolerance: .seconds(1))) {
            try NewJob(Tick(schedule: "close", tick: $0))
        },
    ]

    /// As cron says it.
    private static var everyFiveSeconds: JobCadence {
        guard let cron = try? CronExpression("*/5 * * * * *") else { return .every(.seconds(5)) }
        return JobCadence(cron.description) { cron.next(after: $0) }
    }

    public func unfinished(_ world: SimulationWorld) throws -> String? {
        for participant in world.participants {
            switch participant {
            case let network as PaymentNetwork: if let text = network.unfinished { return text }
            case let market as Market: if let text = market.unfinished { return text }
            case let front as Front: if let text = front.unfinished { return text }
            default: break
            }
        }
        return try world.read(DeskWork.unfinished)
    }
}
