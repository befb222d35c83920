"""Who is working: whom the operating system or Airflow has authenticated, never what an argument or variable says."""

import os
import pwd

from jobs.errors import AnotherPerson, Stop
from jobs.people import People, read_people
from jobs.steps.work import Work


def system_user() -> str:
    """The name of the user this process runs as; the number where it has no name."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid-{os.getuid()}"


def acting(work: Work) -> str:
    """The person on whose behalf this is done; a user that conf/people.toml does not know goes by its own name.

    Raises:
        Stop: somebody is vouched for by a user who may not.
    """
    user, people = system_user(), read_people(work.settings.people_toml)
    if work.vouched_for is None:
        return people.by_system.get(user, user)
    _may_vouch(user, people)
    return people.by_airflow.get(work.vouched_for, f"airflow:{work.vouched_for}")


def approving(work: Work) -> str:
    """The same, of somebody who answers for a month with their name.

    Raises:
        AnotherPerson: nobody knows who that is, or it is Airflow itself.
    """
    user, people = system_user(), read_people(work.settings.people_toml)
    if work.vouched_for is None and user in people.vouching:
        raise AnotherPerson(f"{user} runs Airflow's workers and is no person: approve in Airflow, or as yourself")
    if work.vouched_for is not None and user in people.vouching and work.vouched_for not in people.by_airflow:
        raise AnotherPerson(
            f"Airflow's user {work.vouched_for} is nobody whom conf/people.toml knows: name them there, or have it "
            "approved by somebody else"
        )
    return acting(work)


def _may_vouch(user: str, people: People) -> None:
    if user not in people.vouching:
        raise Stop(f"{user} may not say who somebody else is: conf/people.toml names the users who may, as `vouching`")
