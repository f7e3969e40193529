"""The customers of the load tests, for Locust. `loadtests/load.py` starts it, on an installation of its own."""

import random
import time
import uuid
from typing import Any

import gevent
from door import Door
from gevent.pool import Pool
from kinds import Kind
from locust import User, events, task
from locust.exception import StopUser
from plan import Plan
from turns import Sample, Turn

_MOST_TURNS_OF_ONE = 3
_MOST_OPEN = 1500
#: Who was told that it is not now does something else first.
_AWAY_S = 5.0


@events.init.add_listener
def read_plan(environment: Any, **_: Any) -> None:
    """The plan is there before any customer is."""
    environment.swarm = Plan.read()


class _Shopper(User):
    abstract = True

    def hold(self, door: Door, customer: int, session: str, kind: Kind) -> bool:
        """One turn, told to Locust and to the file of samples; whether it was held now, and not put off."""
        plan: Plan = self.environment.swarm
        order = plan.order(customer) if kind.order else ""
        turn = Turn(door, self.host, plan.token(customer), kind, order)
        turn.say(session, kind.words(order, random))
        for leg in turn.legs:
            plan.write(leg)
            self._tell(leg)
        return not any(leg.put_off for leg in turn.legs)

    def leave(self) -> None:
        """No turn is left: the run ends when those that are under way have."""
        gevent.spawn(self.environment.runner.quit)
        raise StopUser

    def _tell(self, leg: Sample) -> None:
        fire = self.environment.events.request.fire
        for what, taken in (("first event", leg.first_ms), ("first words", leg.words_ms), ("end", leg.end_ms)):
            if taken is not None:
                told = {"name": leg.kind, "response_time": taken, "response_length": 0, "context": {}}
                fire(request_type=what, exception=None, **told)
        if leg.error:
            told = {"name": leg.kind, "response_time": 0, "response_length": 0, "context": {}}
            fire(request_type="end", exception=RuntimeError(leg.error), **told)


class Customer(_Shopper):
    """Holds conversation after conversation; the next message comes when the answer is there, and thought about."""

    def on_start(self) -> None:
        """Nobody begins in step with the others."""
        self.door = Door(self.host)
        gevent.sleep(random.random())

    @task
    def converse(self) -> None:
        """One conversation."""
        plan: Plan = self.environment.swarm
        customer, session = random.randrange(plan.customers), f"load-{uuid.uuid4().hex}"
        for _ in range(random.randint(1, _MOST_TURNS_OF_ONE)):
            if not plan.take_turn():
                self.leave()
            kind = plan.kind()
            if not self.hold(self.door, customer, session, kind):
                gevent.sleep(_AWAY_S)
                return
            gevent.sleep(plan.think_s)
            if kind.tools == 0:  # the same words again would be a customer who is not understood
                return


class Crowd(_Shopper):
    """Everybody at once: turns begin at a steady rate, whether others have been answered or not."""

    fixed_count = 1

    @task
    def come(self) -> None:
        """Customers come, each with one turn, until the run is over."""
        plan: Plan = self.environment.swarm
        everybody = Pool(_MOST_OPEN)
        due = time.monotonic()
        while plan.take_turn():
            due += 1 / (plan.rate or 1)
            gevent.sleep(max(0.0, due - time.monotonic()))
            everybody.spawn(self._once)
        everybody.join()
        self.leave()

    def _once(self) -> None:
        door = Door(self.host)
        customer = random.randrange(self.environment.swarm.customers)
        self.hold(door, customer, f"load-{uuid.uuid4().hex}", self.environment.swarm.kind())
        door.close()
