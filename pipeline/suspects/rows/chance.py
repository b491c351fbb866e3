"""Rows for what is drawn at random: generators without a seed."""

from ..values import Row

_SEED = "make `seed` a parameter of the stage, and the generator from it: `{}`"

ROWS = (
    Row(
        "repetition",
        9,
        "numpy.random.default_rng() numpy.random.Generator() numpy.random.SeedSequence() numpy.random.PCG64() "
        "numpy.random.MT19937() numpy.random.Philox() numpy.random.SFC64() numpy.random.RandomState()",
        "makes a generator without a seed",
        _SEED.format("numpy.random.default_rng(seed)"),
    ),
    Row(
        "repetition",
        9,
        "random.Random() random.seed() numpy.random.seed()",
        "seeds a generator from the system",
        _SEED.format("random.Random(seed)"),
    ),
    Row(
        "repetition",
        9,
        "os.urandom os.getrandom random.SystemRandom secrets.*",
        "asks the system for randomness",
        _SEED.format("random.Random(seed).randbytes(n)"),
    ),
    Row(
        "repetition",
        9,
        "uuid.uuid4",
        "makes a random identifier",
        "derive it from what it names: `uuid.uuid5(uuid.NAMESPACE_URL, name)`",
    ),
    Row(
        "repetition time host",
        8,
        "uuid.uuid1 uuid.uuid6 uuid.uuid7",
        "makes an identifier of the time and the machine",
        "derive it from what it names: `uuid.uuid5(uuid.NAMESPACE_URL, name)`",
    ),
    Row(
        "repetition",
        7,
        ".sample(!seed,!random_state) .shuffle(!seed) polars.DataFrame().sample(!seed)",
        "draws without a seed",
        "give it `seed=seed`, with `seed` a parameter of the stage",
        needs="polars",
    ),
    Row(
        "repetition",
        3,
        ".sample(!random_state,!seed) *train_test_split(!random_state) *KFold(shuffle=True,!random_state) "
        "*ShuffleSplit(!random_state)",
        "draws without a seed",
        "give it `random_state=seed`, with `seed` a parameter of the stage",
    ),
    Row(
        "repetition",
        6,
        "torch.rand torch.randn torch.randint torch.randperm torch.initial_seed torch.seed",
        "draws from a generator that nobody seeded",
        "`torch.manual_seed(seed)` before it, with `seed` a parameter of the stage",
    ),
    Row(
        "repetition",
        4,
        "random.random random.randint random.randrange random.choice random.choices random.sample random.shuffle "
        "random.uniform random.gauss random.getrandbits random.randbytes",
        "draws from a generator that this program does not seed",
        _SEED.format("random.Random(seed)"),
    ),
    Row(
        "repetition",
        3,
        "numpy.random.rand numpy.random.randn numpy.random.randint numpy.random.random numpy.random.normal "
        "numpy.random.choice numpy.random.shuffle numpy.random.permutation numpy.random.uniform",
        "draws from the generator that all of the program shares",
        _SEED.format("numpy.random.default_rng(seed)"),
    ),
    Row(
        "repetition",
        9,
        "sql:random sql:rand sql:uuid sql:gen_random_uuid sql:using?sample",
        "lets the database draw at random",
        "draw in Python from a seeded generator, or give the query a seed",
    ),
    Row(
        "repetition",
        8,
        ".savefig(~.svg,!~hashsalt) *.savefig(~'svg',!~hashsalt)",
        "matplotlib names the parts of an SVG file at random",
        "`matplotlib.rcParams['svg.hashsalt'] = 'any text'` before it, or write PNG",
    ),
    Row(
        "repetition",
        5,
        ".savefig(!~.png)",
        "matplotlib names the parts of an SVG file at random",
        "`matplotlib.rcParams['svg.hashsalt'] = 'any text'` before it, or write PNG",
    ),
)
