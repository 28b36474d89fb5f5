from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.household import LOADS, TOKYO, TRUSTED_INTERVALS, WUS_PER_WH, Household, State, sun_height
from protocol.telemetry import Sample

INTERVAL = timedelta(seconds=10)
START = datetime(2026, 6, 1, tzinfo=TOKYO)

houses = st.builds(
    Household,
    seed=st.text(max_size=8),
    solar_peak_w=st.sampled_from([0, 3000, 9000]),
    battery_wh=st.sampled_from([0, 1, 6500]),
    interval=st.just(INTERVAL),
)
instants = st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
gaps = st.lists(st.timedeltas(-timedelta(hours=1), timedelta(hours=6)) | st.just(INTERVAL), max_size=40)


def run(house: Household, start: datetime, after: list[timedelta]) -> list[tuple[datetime, State, Sample]]:
    state, now, taken = house.first_state(), start, []
    for gap in [timedelta(0), *after]:
        now += gap
        state, sample = house.step(state, now)
        taken.append((now, state, sample))
    return taken


@given(houses, instants, gaps)
def test_powers_obey_the_balance_and_circuits_sum_to_consumption(
    house: Household, start: datetime, after: list[timedelta]
) -> None:
    for _, _, sample in run(house, start, after):
        assert sample.imbalance_w() == 0
        assert sum(circuit.power_w for circuit in sample.circuits) == sample.consumption_w
        assert 0 in (sample.grid_import_w, sample.grid_export_w)
        assert 0 in (sample.battery.charge_w, sample.battery.discharge_w)
        assert [circuit.name for circuit in sample.circuits] == [load.name for load in LOADS]


@given(houses, instants, gaps)
def test_energies_are_the_integral_of_powers_without_the_silences(
    house: Household, start: datetime, after: list[timedelta]
) -> None:
    generation = circuit = stored = 0
    before = start
    for now, state, sample in run(house, start, after):
        silent = not timedelta(0) < now - before <= TRUSTED_INTERVALS * INTERVAL
        microseconds = 0 if silent else (now - before) // timedelta(microseconds=1)
        generation += sample.generation_w * microseconds
        circuit += sample.circuits[2].power_w * microseconds
        stored += (sample.battery.charge_w - sample.battery.discharge_w) * microseconds
        before = now
        assert state.generation_wus == generation
        assert state.circuits_wus[2] == circuit
        assert state.stored_wus == house.first_state().stored_wus + stored
        assert sample.generation_wh == generation // WUS_PER_WH
        assert sum(state.circuits_wus) == state.consumption_wus


@given(houses, instants, gaps)
def test_the_battery_stays_between_empty_and_full(
    house: Household, start: datetime, after: list[timedelta]
) -> None:
    for _, state, sample in run(house, start, after):
        assert 0 <= state.stored_wus <= house.battery_wh * WUS_PER_WH
        assert 0 <= sample.battery.state_of_charge_pct <= 100


@given(houses, instants, gaps)
def test_the_same_seed_gives_the_same_numbers(
    house: Household, start: datetime, after: list[timedelta]
) -> None:
    again = Household(house.seed, house.solar_peak_w, house.battery_wh, house.interval)
    assert run(house, start, after) == run(again, start, after)


def test_another_seed_is_another_house() -> None:
    one, other = (Household(seed, 5000, 6500, INTERVAL) for seed in ("one", "other"))
    noon = START.replace(hour=12)
    assert one.step(one.first_state(), noon)[1] != other.step(other.first_state(), noon)[1]


@given(st.text(max_size=8), st.integers(0, 364))
@settings(max_examples=30)
def test_the_sun_shines_by_day_in_tokyo_and_never_at_night(seed: str, day: int) -> None:
    house = Household(seed, 5000, 6500, INTERVAL)
    midnight = START + timedelta(days=day)
    by_hour = [
        house.step(house.first_state(), midnight.replace(hour=hour))[1].generation_w for hour in range(24)
    ]
    assert not any(by_hour[:4] + by_hour[20:])
    assert min(by_hour[10:14]) > 0
    assert max(by_hour) <= 5000


def test_the_sun_is_highest_about_noon_and_higher_in_summer() -> None:
    june = [sun_height(datetime(2026, 6, 21, hour, tzinfo=TOKYO)) for hour in range(24)]
    december = [sun_height(datetime(2026, 12, 21, hour, tzinfo=TOKYO)) for hour in range(24)]
    assert june.index(max(june)) == december.index(max(december)) == 12
    assert abs(max(june) - 0.981) < 0.01  # 78.7 degrees, the height at noon of the solstice at 34.74 N
    assert abs(max(december) - 0.525) < 0.01  # 31.8 degrees


def test_a_new_epoch_starts_at_sample_1_with_energies_at_0_and_the_battery_as_it_was() -> None:
    house = Household("house", 5000, 6500, INTERVAL)
    *_, (now, state, _) = run(house, START.replace(hour=12), [INTERVAL] * 20)
    _, sample = house.step(state.for_new_epoch(), now + INTERVAL)
    assert sample.seq == 1
    assert sample.consumption_wh == 0
    assert abs(state.for_new_epoch().stored_wus - state.stored_wus) == 0


def test_a_smaller_battery_in_the_settings_is_full_rather_than_overfull() -> None:
    large, small = (Household("house", 5000, capacity, INTERVAL) for capacity in (6500, 100))
    _, sample = small.step(large.first_state(), START)
    assert sample.battery.state_of_charge_pct == 100
