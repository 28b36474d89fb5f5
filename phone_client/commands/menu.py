"""Where the guide leads once somebody is linked: the top screen with its menu, and what may come before it (p21 to p29)."""

from collections.abc import Callable

from phone_client.call import Call
from phone_client.commands import account, linking, phones
from phone_client.commands.showing import show_timeline
from phone_client.prompts import choose, pick
from phone_client.standing import Standing
from protocol.problems import AisegError

Way = Callable[[Call], bool]
"""Goes one way of the menu, and says whether the guide goes on."""


def leave(_: Call) -> bool:
    """End the guide."""
    return False


def log_out(call: Call) -> bool:
    """ログアウト, without a question (S-OUT-01, S-OUT-02)."""
    call.run(lambda phone: phone.log_out())
    call.screen.say(call.words["logged_out"])
    return False


def show_help(call: Call) -> bool:
    """Show the steps, the limits and whom to call (S-GEN-22, S-GEN-23)."""
    call.screen.show_help()
    return True


def choose_registration(call: Call, _: Standing) -> bool:
    """Let a linked account choose how this phone is registered (manual p24, p27, A-05b)."""
    words, link = call.words, call.run(lambda phone: phone.current_link())
    count = words["phone_count"].format(number=len(link.phones))
    call.screen.note(f"{words['phone_lead']}  {words['phones']}: {count}", bold=True)
    way = pick(
        {
            words["add"]: _add,
            words["change"]: _redeem,
            words["replace"]: _replace,
            words["help_title"]: show_help,
            words["logout"]: log_out,
            call.word("Leave", "終了"): leave,
        }
    )
    return way(call)


def show_popup(call: Call, _: Standing) -> bool:
    """Show the popup that comes instead of the top screen, until the firmware is new (S-BIND-17, S-BIND-18)."""
    words, link = call.words, call.run(lambda phone: phone.current_link())
    if not link.is_outdated:
        return True
    call.screen.show_firmware_popup(link)
    way = pick(
        {
            words["detail"]: _show_update_guide,
            words["check_again"]: _again,
            words["logout"]: log_out,
            call.word("Leave", "終了"): leave,
        }
    )
    return way(call)


def show_top(call: Call, _: Standing) -> bool:
    """Show the timeline, and the menu until it leads elsewhere (S-FLOW-07)."""
    words = call.words
    ways: dict[str, Way] = {
        words["timeline"]: _show_timeline,
        words["users"]: _show_users,
        words["notices"]: _show_events,
        words["change"]: _issue,
        words["help_title"]: show_help,
        words["delete"]: _delete,
        words["logout"]: log_out,
        call.word("Leave", "終了"): leave,
    }
    goes_on = _go(call, _show_timeline)
    while goes_on and call.run(lambda phone: phone.standing()).place == "timeline":
        goes_on = _go(call, pick(ways))
    return goes_on


def _go(call: Call, way: Way) -> bool:
    """Go one way; a no leads back to the menu."""
    try:
        return way(call)
    except AisegError as error:
        call.screen.note(error.sentence(call.language), bold=True)
        return True


def _show_timeline(call: Call) -> bool:
    show_timeline(call)
    return True


def _show_users(call: Call) -> bool:
    """Show who uses the AiSEG, and remove whom a person chooses (S-BIND-16)."""
    words = call.words
    users = call.run(lambda phone: phone.users())
    call.screen.note(words["users_lead"])
    call.screen.show_users(users)
    labels = [words["remove_of"].format(nickname=call.screen.name_of(user)) for user in users.users]
    chosen = choose("VERB", (words["back"], *labels))
    if chosen and linking.confirm_removal(call, users.users[chosen - 1]):
        call.screen.show_users(linking.remove(call, users.users[chosen - 1]))
    return True


def _show_events(call: Call) -> bool:
    call.screen.show_events(call.run(lambda phone: phone.events()))
    return True


def _issue(call: Call) -> bool:
    """スマートフォンの機種変更: 機種変更コード発行 (manual p25)."""
    words = call.words
    call.screen.note(words["change_both"])
    if pick({words["change_issue"]: True, words["back"]: False}):
        call.screen.show_change_code(call.run(lambda phone: phone.issue_change_code()))
    return True


def _delete(call: Call) -> bool:
    """アカウント削除: two dialogs, then 削除しました。 (manual p28)."""
    if not account.agrees_to_delete(call):
        return True
    call.run(lambda phone: phone.delete_account())
    call.screen.say(call.words["deleted"])
    return False


def _add(call: Call) -> bool:
    """スマートフォンの追加登録 (manual p24); a third phone hears 上限に達しています and gets no further (S-ADD-05)."""
    nickname = phones.ask_further_nickname(call)
    phones.show_added(call, call.run(lambda phone: phone.add_phone(nickname)))
    return True


def _redeem(call: Call) -> bool:
    """スマートフォンの機種変更 on the new phone (manual p27)."""
    code = phones.ask_change_code(call)
    phones.show_moved(call, call.run(lambda phone: phone.move_here(code)))
    return True


def _replace(call: Call) -> bool:
    """Take the place of a phone that was lost (A-09, A-11)."""
    lost = phones.choose_phone(call, call.run(lambda phone: phone.current_link()))
    phones.show_moved(call, call.run(lambda phone: phone.replace_phone(lost.phone_id)))
    return True


def _show_update_guide(call: Call) -> bool:
    call.screen.show_update_guide()
    return True


def _again(_: Call) -> bool:
    """Look again: the popup does so by itself."""
    return True
