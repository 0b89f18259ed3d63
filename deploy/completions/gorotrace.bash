# bash completion for gorotrace. Commands and options are asked of the program itself.
_gorotrace() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command= word
  local commands
  commands=$("$1" --help 2>/dev/null | sed -n '/^Subcommands:/,$s/^  \([a-z][a-z]*\) .*/\1/p')
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [[ " ${commands//$'\n'/ } " == *" $word "* ]]; then
      command=$word
      break
    fi
  done
  if [[ $command == record && " ${COMP_WORDS[*]:1:COMP_CWORD-1} " == *" -- "* ]]; then
    COMPREPLY=($(compgen -c -f -- "$current"))  # a program of the user's, and its arguments
    return
  fi
  case $previous in
    -u | --user)
      COMPREPLY=($(compgen -u -- "$current"))
      return ;;
    -p | --pid)
      COMPREPLY=($(compgen -W "$("$1" ps 2>/dev/null | awk 'NR > 1 {print $1}')" -- "$current"))
      return ;;
    -o | --output | --waits | --record | --diff | --config | --check-config | --token-file | --tls-cert | --tls-key | --client-ca)
      COMPREPLY=($(compgen -f -- "$current"))
      return ;;
    --color)
      COMPREPLY=($(compgen -W "auto always never" -- "$current"))
      return ;;
    --to)
      if [[ $command == export ]]; then
        COMPREPLY=($(compgen -W "$("$1" export --help 2>/dev/null | grep -oE '(pprof|folded|go-trace|perfetto|json)[a-z-]*' | sort -u)" -- "$current"))
      fi
      return ;;
    --by)
      COMPREPLY=($(compgen -W "user-frame reason creation label:" -- "$current"))
      return ;;
    help)
      COMPREPLY=($(compgen -W "$commands" -- "$current"))
      return ;;
  esac
  if [[ $current != -* && -z $command ]]; then
    COMPREPLY=($(compgen -W "$commands" -- "$current"))
  elif [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$("$1" $command --help 2>/dev/null | grep -oE -- '--[a-z][a-z-]+')" -- "$current"))
  fi
}
complete -o default -F _gorotrace gorotrace
